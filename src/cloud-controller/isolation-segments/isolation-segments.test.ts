import assert from "node:assert/strict";
import { test } from "node:test";
import { packagedApp } from "../testing/staged-app.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";

const shared = "933b4c58-120b-499a-b85d-4b6fc9e2903b";

async function entitledSegment(admin: Caller, name: string, organizationGuid: string) {
  const created = await admin.post("/v3/isolation_segments", { name });
  assert.equal(created.status, 201, created.text);
  const guid: string = created.json.guid;
  const path = `/v3/isolation_segments/${guid}/relationships/organizations`;
  const entitled = await admin.post(path, { data: [{ guid: organizationGuid }] });
  assert.equal(entitled.status, 200, entitled.text);
  return guid;
}

test("a segment is made, labelled, found by its organizations' members and taken away", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const member = await userWith(cc, "member", { ...place, types: ["organization_user"] });
  const stranger = await userWith(cc, "stranger", { ...place, types: [] });

  const created = await admin.post("/v3/isolation_segments", {
    name: "Secure",
    metadata: { labels: { tier: "gold" } },
  });
  const { guid } = created.json;
  const path = `/v3/isolation_segments/${guid}`;
  assert.equal(created.status, 201, created.text);
  assert.deepEqual(created.json.metadata, { labels: { tier: "gold" }, annotations: {} });
  assert.deepEqual(created.json.links, {
    self: { href: `${cc.url}${path}` },
    organizations: { href: `${cc.url}${path}/organizations` },
  });
  assert.equal((await member.get(path)).json.errors[0].detail, "Isolation segment not found");

  const entitled = await admin.post(`${path}/relationships/organizations`, {
    data: [{ guid: place.organizationGuid }],
  });
  assert.deepEqual(entitled.json, {
    data: [{ guid: place.organizationGuid }],
    links: {
      self: { href: `${cc.url}${path}/relationships/organizations` },
      related: { href: `${cc.url}${path}/organizations` },
    },
  });
  assert.equal((await member.get(path)).status, 200);
  assert.equal((await stranger.get(path)).status, 404);
  const names = async (caller: Caller, query: string) =>
    (await caller.get(`/v3/isolation_segments?${query}`)).json.resources.map(
      (segment: { name: string }) => segment.name,
    );
  assert.deepEqual(await names(admin, "order_by=-name"), ["shared", "Secure"]);
  assert.deepEqual(await names(member, ""), ["Secure"]);
  assert.deepEqual(await names(stranger, ""), []);
  assert.deepEqual(await names(member, "names=SECURE&label_selector=tier"), ["Secure"]);
  assert.deepEqual(await names(admin, `organization_guids=${place.organizationGuid}`), ["Secure"]);
  const organizations = await member.get(`${path}/organizations?names=rivera`);
  assert.equal(organizations.json.resources[0].guid, place.organizationGuid);
  assert.equal(organizations.json.pagination.first.href.startsWith(`${cc.url}${path}/org`), true);

  assert.equal(
    (await admin.delete(path)).json.errors[0].detail,
    "Revoke the Organization entitlements for your Isolation Segment.",
  );
  const entitlement = `${path}/relationships/organizations/${place.organizationGuid}`;
  assert.equal((await admin.delete(entitlement)).status, 204);
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await admin.get(path)).status, 404);
});

test("what must not be done with segments is refused in Cloud Controller's words", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { organizationGuid, spaceGuid } = await firstSpace(admin);
  const guid = await entitledSegment(admin, "used", organizationGuid);
  const free = (await admin.post("/v3/isolation_segments", { name: "free" })).json.guid;
  const forOrganization = `/v3/organizations/${organizationGuid}/relationships/default_isolation_segment`;
  const forSpace = `/v3/spaces/${spaceGuid}/relationships/isolation_segment`;
  await admin.patch(forOrganization, { data: { guid } });
  await admin.patch(forSpace, { data: { guid } });

  const path = "/v3/isolation_segments";
  type Method = "POST" | "PATCH" | "DELETE";
  const cases: [method: Method, path: string, body: object | undefined, detail: string][] = [
    ["POST", path, {}, "Name can't be blank"],
    ["POST", path, { name: " " }, "Name can't be blank"],
    ["POST", path, { name: 5 }, "Name must be a string"],
    [
      "POST",
      path,
      { name: "a\nb" },
      "Isolation Segment names can only contain non-blank unicode characters",
    ],
    [
      "POST",
      path,
      { name: "USED" },
      "Isolation Segment names are case insensitive and must be unique",
    ],
    [
      "PATCH",
      `${path}/${guid}`,
      { name: "new" },
      "Cannot update Isolation Segments that are assigned as the default for an Organization or Space.",
    ],
    ["PATCH", `${path}/${shared}`, { name: "x" }, "Cannot update the shared Isolation Segment"],
    ["DELETE", `${path}/${shared}`, undefined, "Cannot delete the shared Isolation Segment"],
    [
      "POST",
      `${path}/${free}/relationships/organizations`,
      { data: [{ guid: organizationGuid }, { guid: "x" }] },
      "Unable to entitle organizations ['x'] for the isolation segment. Ensure the organizations exist.",
    ],
    [
      "POST",
      `${path}/${free}/relationships/organizations`,
      { data: [{ guid: 5 }] },
      "Data 5 not a string",
    ],
    ["DELETE", `${path}/${free}/relationships/organizations/x`, undefined, "Org not found"],
    [
      "DELETE",
      `${path}/${guid}/relationships/organizations/${organizationGuid}`,
      undefined,
      "Cannot remove the entitlement while this Isolation Segment is assigned as the Default Isolation Segment for the Organization.",
    ],
    [
      "PATCH",
      forOrganization,
      { data: { guid: free } },
      `Unable to assign isolation segment with guid '${free}'. Ensure it has been entitled to the organization.`,
    ],
    [
      "PATCH",
      forSpace,
      { data: { guid: free } },
      `Unable to assign isolation segment with guid '${free}'. Ensure it has been entitled to the organization that this space belongs to.`,
    ],
    ["PATCH", forSpace, { data: "x" }, "Data must be an object"],
    ["PATCH", forSpace, { data: { guid, more: 1 } }, "Data can only accept one key"],
    ["PATCH", forSpace, { data: { name: "x" } }, "Data can only accept key 'guid'"],
    ["PATCH", forSpace, { data: { guid: 5 } }, "Data 5 must be a string"],
  ];
  for (const [method, to, body, detail] of cases) {
    const refused = await admin.send(method, to, body);
    assert.equal(refused.json.errors[0].detail, detail, `${method} ${to}`);
  }
  await admin.patch(forOrganization, { data: null });
  const inSpace = await admin.delete(
    `${path}/${guid}/relationships/organizations/${organizationGuid}`,
  );
  assert.equal(
    inSpace.json.errors[0].detail,
    "Cannot remove the entitlement while this Isolation Segment is assigned to any Spaces. Currently assigned to: 'dev'",
  );
});

test("a segment is given to a space by its organization's manager, and is seen there", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const { organizationGuid, spaceGuid } = place;
  const manager = await userWith(cc, "manager", { ...place, types: ["organization_manager"] });
  const spaceManager = await userWith(cc, "spaceman", { ...place, types: ["space_manager"] });
  const guid = await entitledSegment(admin, "secure", organizationGuid);
  const forSpace = `/v3/spaces/${spaceGuid}/relationships/isolation_segment`;

  assert.equal((await spaceManager.patch(forSpace, { data: { guid } })).status, 403);
  const given = await manager.patch(forSpace, { data: { guid } });
  assert.deepEqual(given.json, {
    data: { guid },
    links: {
      self: { href: `${cc.url}${forSpace}` },
      related: { href: `${cc.url}/v3/isolation_segments/${guid}` },
    },
  });
  assert.deepEqual((await spaceManager.get(forSpace)).json, given.json);
  const spaces = await manager.get(`/v3/isolation_segments/${guid}/relationships/spaces`);
  assert.deepEqual(spaces.json.data, [{ guid: spaceGuid }]);

  const forOrganization = `/v3/organizations/${organizationGuid}/relationships/default_isolation_segment`;
  const asDefault = await manager.patch(forOrganization, { data: { guid } });
  assert.deepEqual(asDefault.json.data, { guid });
  assert.equal((await manager.patch(forOrganization, { data: null })).json.data, null);
  assert.equal("related" in (await manager.get(forOrganization)).json.links, false);
});

test("the shared segment becomes the default of an organization that had none", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { organizationGuid } = await firstSpace(admin);

  await admin.post(`/v3/isolation_segments/${shared}/relationships/organizations`, {
    data: [{ guid: organizationGuid }],
  });

  const found = await admin.get(
    `/v3/organizations/${organizationGuid}/relationships/default_isolation_segment`,
  );
  assert.deepEqual(found.json.data, { guid: shared });
});

test("stagings and processes carry their segment as placement tag, the space's before the organization's", async () => {
  await using packaged = await packagedApp();
  const { developer, stage, restart } = packaged;
  const admin = developer.caller;
  const { organizationGuid, spaceGuid } = await firstSpace(admin);
  const ofOrganization = await entitledSegment(admin, "org-cells", organizationGuid);
  const ofSpace = await entitledSegment(admin, "space-cells", organizationGuid);
  await admin.post(`/v3/isolation_segments/${shared}/relationships/organizations`, {
    data: [{ guid: organizationGuid }],
  });
  const forOrganization = `/v3/organizations/${organizationGuid}/relationships/default_isolation_segment`;
  const forSpace = `/v3/spaces/${spaceGuid}/relationships/isolation_segment`;
  const assign = async (path: string, guid: string | null) => {
    const assigned = await admin.patch(path, { data: guid === null ? null : { guid } });
    assert.equal(assigned.status, 200, assigned.text);
  };

  assert.deepEqual((await stage()).placementTags, []);
  assert.deepEqual((await restart()).placementTags, []);
  await assign(forOrganization, ofOrganization);
  assert.deepEqual((await stage()).placementTags, ["org-cells"]);
  assert.deepEqual((await restart()).placementTags, ["org-cells"]);
  await assign(forSpace, ofSpace);
  assert.deepEqual((await stage()).placementTags, ["space-cells"]);
  assert.deepEqual((await restart()).placementTags, ["space-cells"]);
  const stats = await admin.get(`/v3/processes/${packaged.app}/stats`);
  assert.equal(stats.json.resources[0].isolation_segment, "space-cells");
  await assign(forSpace, shared);
  assert.deepEqual((await restart()).placementTags, []);
  await assign(forSpace, null);
  assert.deepEqual((await restart()).placementTags, ["org-cells"]);
});
