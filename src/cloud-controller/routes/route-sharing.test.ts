import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { RunningApp } from "../testing/running-app.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("without the flag route_sharing nothing of a route is shared or moved", async () => {
  await using cc = await TestCloudController.start();
  const { admin, route, otherSpace } = await setting(cc);
  const shares = `/v3/routes/${route.guid}/relationships/shared_spaces`;
  await admin.patch("/v3/feature_flags/route_sharing", { enabled: false });

  const answers = [
    await admin.get(shares),
    await admin.post(shares, { data: [{ guid: otherSpace }] }),
    await admin.delete(`${shares}/${otherSpace}`),
    await admin.patch(`/v3/routes/${route.guid}/relationships/space`, {
      data: { guid: otherSpace },
    }),
  ];

  for (const answer of answers) {
    assert.equal(answer.status, 403);
    assert.equal(answer.json.errors[0].code, 330002);
    assert.equal(answer.json.errors[0].detail, "Feature Disabled: route_sharing");
  }
});

test("a shared route is seen and mapped in the other space, until it is shared no more", async () => {
  await using cc = await TestCloudController.start();
  const { admin, route, otherSpace, place } = await setting(cc);
  const shares = `/v3/routes/${route.guid}/relationships/shared_spaces`;
  const other = await userWith(cc, "other", {
    ...place,
    spaceGuid: otherSpace,
    types: ["space_developer"],
  });
  const appGuid = await Developer.as(cc, other).createApp("there", otherSpace);
  const destinations = `/v3/routes/${route.guid}/destinations`;
  const mapping = { destinations: [{ app: { guid: appGuid } }] };

  const refused = await admin.post(destinations, mapping);
  const shared = await admin.post(shares, { data: [{ guid: otherSpace }] });
  const mapped = await admin.post(destinations, mapping);
  const seen = await other.get(`/v3/routes?space_guids=${otherSpace}`);
  const ofApp = await other.get(`/v3/apps/${appGuid}/routes`);
  const unshared = await admin.delete(`${shares}/${otherSpace}`);
  const unseen = await other.get(`/v3/routes?space_guids=${otherSpace}`);

  assert.equal(refused.status, 422);
  assert.deepEqual(shared.json.data, [{ guid: otherSpace }]);
  assert.equal(shared.json.links.self.href, `${cc.url}${shares}`);
  assert.equal(mapped.status, 200, mapped.text);
  assert.deepEqual(
    seen.json.resources.map(({ guid }: { guid: string }) => guid),
    [route.guid],
  );
  assert.equal(ofApp.json.resources.length, 1);
  assert.equal(unshared.status, 204);
  assert.deepEqual(unseen.json.resources, []);
  assert.deepEqual((await admin.get(shares)).json.data, []);
  const events = await admin.get(`/v3/audit_events?target_guids=${route.guid}`);
  const types = events.json.resources.map(({ type }: { type: string }) => type);
  assert.ok(types.includes("audit.route.share") && types.includes("audit.route.unshare"));
});

test("a running app loses a route that another space shared with it when that space goes", async () => {
  await using app = await RunningApp.start();
  const { caller: admin, bbs } = app;
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const lender = await admin.post("/v3/spaces", {
    name: "lender",
    relationships: { organization: { data: { guid: organizationGuid } } },
  });
  const [domain] = (await admin.get("/v3/domains")).json.resources;
  const route = await admin.post("/v3/routes", {
    host: "lent",
    relationships: {
      space: { data: { guid: lender.json.guid } },
      domain: { data: { guid: domain.guid } },
    },
  });
  await admin.patch("/v3/feature_flags/route_sharing", { enabled: true });
  const path = `/v3/routes/${route.json.guid}`;
  await admin.post(`${path}/relationships/shared_spaces`, { data: [{ guid: spaceGuid }] });
  await admin.post(`${path}/destinations`, { destinations: [{ app: { guid: app.guid } }] });
  const isRouted = () => JSON.stringify([...bbs.desired.values()]).includes("lent.apps.localhost");
  await eventually(async () => isRouted() || undefined);

  await admin.job(await admin.delete(`/v3/spaces/${lender.json.guid}`));

  await eventually(async () => !isRouted() || undefined);
  assert.equal(bbs.desired.size, 1);
});

test("a mapped route that moves keeps its old space as a shared one, and its destinations", async () => {
  await using cc = await TestCloudController.start();
  const { admin, route, otherSpace, place } = await setting(cc);
  const appGuid = await (await Developer.admin(cc)).createApp("here", place.spaceGuid);
  const destinations = `/v3/routes/${route.guid}/destinations`;
  await admin.post(destinations, { destinations: [{ app: { guid: appGuid } }] });

  const moved = await admin.patch(`/v3/routes/${route.guid}/relationships/space`, {
    data: { guid: otherSpace },
  });

  assert.deepEqual(moved.json, { status: "ok" });
  const found = (await admin.get(`/v3/routes/${route.guid}`)).json;
  assert.equal(found.relationships.space.data.guid, otherSpace);
  assert.equal(found.destinations[0].app.guid, appGuid);
  const shares = await admin.get(`/v3/routes/${route.guid}/relationships/shared_spaces`);
  assert.deepEqual(shares.json.data, [{ guid: place.spaceGuid }]);
});

test("spaces that are no target are told with the reason", async () => {
  await using cc = await TestCloudController.start();
  const { admin, route, otherSpace, place } = await setting(cc);
  const developer = await userWith(cc, "developer", { ...place, types: ["space_developer"] });
  const auditor = await userWith(cc, "auditor", {
    ...place,
    types: ["space_developer"],
  });
  await admin.post("/v3/roles", {
    type: "space_auditor",
    relationships: {
      user: { data: { guid: "auditor-guid" } },
      space: { data: { guid: otherSpace } },
    },
  });
  const shares = `/v3/routes/${route.guid}/relationships/shared_spaces`;
  const owner = `/v3/routes/${route.guid}/relationships/space`;
  const target = { data: { guid: otherSpace } };
  const url = "lent.apps.localhost";
  const details = {
    "share with a space one cannot see": [
      await developer.post(shares, { data: [{ guid: otherSpace }, { guid: "nowhere" }] }),
      `Unable to share route ${url} with spaces ['${otherSpace}', 'nowhere']. Ensure the spaces exist and that you have access to them.`,
    ],
    "share with a space one only reads": [
      await auditor.post(shares, { data: [{ guid: otherSpace }] }),
      `Unable to share route ${url} with spaces ['${otherSpace}']. Write permission is required in order to share a route with a space and the containing organization must not be suspended.`,
    ],
    "share with its own": [
      await admin.post(shares, { data: [{ guid: place.spaceGuid }] }),
      `Unable to share route '${url}' with space '${place.spaceGuid}'. Routes cannot be shared into the space where they were created.`,
    ],
    "share with nothing": [await admin.post(shares, { data: [] }), "Data can't be blank"],
    "share with a number": [
      await admin.post(shares, { data: [{ guid: 7 }] }),
      "Invalid data type: Data[0] guid should be a string.",
    ],
    "unshare from its own": [
      await admin.delete(`${shares}/${place.spaceGuid}`),
      `Unable to unshare route '${url}' from space '${place.spaceGuid}'. Routes cannot be removed from the space that owns them.`,
    ],
    "unshare from nowhere": [
      await admin.delete(`${shares}/nowhere`),
      `Unable to unshare route '${url}' from space 'nowhere'. Ensure the space exists and that you have access to it.`,
    ],
    "move to a space one cannot see": [
      await developer.patch(owner, target),
      `Unable to transfer owner of route '${url}' to space '${otherSpace}'. Ensure the space exists and that you have access to it.`,
    ],
    "move to a space one only reads": [
      await auditor.patch(owner, target),
      `Unable to transfer owner of route '${url}' to space '${otherSpace}'. You don't have write permission for the target space.`,
    ],
    "move without a guid": [
      await admin.patch(owner, { data: { name: "x" } }),
      "Data can only accept key 'guid'",
    ],
  } as const;
  for (const [what, [answer, detail]] of Object.entries(details)) {
    assert.equal(answer.status, 422, what);
    assert.equal(answer.json.errors[0].detail, detail, what);
  }
});

test("a route does not move where its domain may not be used", async () => {
  await using cc = await TestCloudController.start();
  const { admin, place } = await setting(cc);
  const stranger = (await admin.post("/v3/organizations", { name: "stranger" })).json.guid;
  const space = await admin.post("/v3/spaces", {
    name: "theirs",
    relationships: { organization: { data: { guid: stranger } } },
  });
  const owner = { organization: { data: { guid: place.organizationGuid } } };
  const domain = await admin.post("/v3/domains", { name: "ours.test", relationships: owner });
  const route = await admin.post("/v3/routes", {
    relationships: {
      space: { data: { guid: place.spaceGuid } },
      domain: { data: { guid: domain.json.guid } },
    },
  });
  const move = () =>
    admin.patch(`/v3/routes/${route.json.guid}/relationships/space`, {
      data: { guid: space.json.guid },
    });

  const refused = await move();
  await admin.post(`/v3/domains/${domain.json.guid}/relationships/shared_organizations`, {
    data: [{ guid: stranger }],
  });
  const moved = await move();

  assert.equal(
    refused.json.errors[0].detail,
    `Unable to transfer owner of route 'ours.test' to space '${space.json.guid}'. Target space does not have access to route's domain`,
  );
  assert.equal(moved.status, 200, moved.text);
});

async function setting(cc: TestCloudController) {
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  await admin.patch("/v3/feature_flags/route_sharing", { enabled: true });
  const other = await admin.post("/v3/spaces", {
    name: "other",
    relationships: { organization: { data: { guid: place.organizationGuid } } },
  });
  const otherSpace: string = other.json.guid;
  const [domain] = (await admin.get("/v3/domains?names=apps.localhost")).json.resources;
  const created = await admin.post("/v3/routes", {
    host: "lent",
    relationships: {
      space: { data: { guid: place.spaceGuid } },
      domain: { data: { guid: domain.guid } },
    },
  });
  const route: { readonly guid: string } = created.json;
  return { admin, place, otherSpace, route };
}
