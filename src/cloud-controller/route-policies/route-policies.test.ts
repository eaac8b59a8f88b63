import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const someApp = "cf:app:11111111-2222-3333-4444-555555555555";

test("a policy lets a source call a route; it is found, labelled, included and removed", async () => {
  await using cc = await TestCloudController.start();
  const { admin, create, route, place } = await setting(cc);
  const source = `cf:space:${place.spaceGuid}`;

  const created = await create(source);
  const { guid } = created.json;
  const labelled = await admin.patch(`/v3/route_policies/${guid}`, {
    metadata: { labels: { tier: "one" } },
  });
  const listed = await admin.get(
    `/v3/route_policies?sources=${source}&route_guids=${route.guid}&label_selector=tier=one&include=source,route`,
  );
  const ofRoute = await admin.get(`/v3/routes/${route.guid}?include=route_policies`);
  const others = await admin.get(`/v3/route_policies?source_guids=nobody`);

  assert.equal(created.status, 201, created.text);
  assert.equal(created.json.source, source);
  assert.deepEqual(created.json.relationships, {
    route: { data: { guid: route.guid } },
    app: { data: null },
    space: { data: { guid: place.spaceGuid } },
    organization: { data: null },
  });
  assert.equal(created.json.links.space.href, `${cc.url}/v3/spaces/${place.spaceGuid}`);
  assert.deepEqual(labelled.json.metadata.labels, { tier: "one" });
  assert.equal(listed.json.resources[0].guid, guid);
  assert.equal(listed.json.included.spaces[0].guid, place.spaceGuid);
  assert.equal(listed.json.included.routes[0].guid, route.guid);
  assert.deepEqual(listed.json.included.apps, []);
  assert.equal(ofRoute.json.included.route_policies[0].guid, guid);
  assert.deepEqual(others.json.resources, []);
  assert.equal((await admin.delete(`/v3/route_policies/${guid}`)).status, 204);
  assert.equal((await admin.get(`/v3/route_policies/${guid}`)).status, 404);
});

test("policies that may not be are refused", async () => {
  await using cc = await TestCloudController.start();
  const { admin, create, place, routeIn } = await setting(cc);
  const format =
    "Source must be in format 'cf:app:<uuid>', 'cf:space:<uuid>', 'cf:org:<uuid>', or 'cf:any'";
  const organization = `cf:org:${place.organizationGuid}`;
  const narrow = await routeIn({ name: "narrow.test", scope: "space" });
  const [shared] = (await admin.get("/v3/domains?names=apps.localhost")).json.resources;
  const open = await admin.post("/v3/routes", {
    host: "open",
    relationships: {
      space: { data: { guid: place.spaceGuid } },
      domain: { data: { guid: shared.guid } },
    },
  });
  await create(someApp);

  const cases = [
    [await create("cf:app:x"), format],
    [await create("everybody"), format],
    [
      await create(someApp),
      `A route policy with source '${someApp}' already exists for this route.`,
    ],
    [
      await create("cf:any"),
      "source 'cf:any' cannot coexist with other route policies on the same route",
    ],
    [
      await create(organization, narrow.guid),
      `Source '${organization}' is not allowed: domain's route_policies_scope is 'space'.`,
    ],
    [
      await create(someApp, open.json.guid),
      `Cannot create route policies for route '${open.json.guid}': the route's domain does not have enforce_route_policies enabled.`,
    ],
  ] as const;
  for (const [answer, detail] of cases) {
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.errors[0].detail, detail);
  }
  await create("cf:any", narrow.guid);
  assert.equal(
    (await create(someApp, narrow.guid)).json.errors[0].detail,
    "source cannot coexist with the existing 'cf:any' policy on this route",
  );
  assert.equal((await create(someApp, "nobody")).status, 404);
  const query = await admin.get("/v3/route_policies?sources=everybody");
  assert.equal(query.status, 400);
});

test("who may see and change the policies of a route", async () => {
  await using cc = await TestCloudController.start();
  const { create, place } = await setting(cc);
  const { guid } = (await create(someApp)).json;
  const expected = {
    space_developer: [200, 200],
    space_supporter: [200, 403],
    space_auditor: [200, 403],
    organization_auditor: [200, 403],
    organization_user: [404, 404],
  } as const;
  for (const [role, statuses] of Object.entries(expected)) {
    const user = await userWith(cc, role, { ...place, types: [role as keyof typeof expected] });
    const path = `/v3/route_policies/${guid}`;
    const answers = [await user.get(path), await user.patch(path, {})];
    assert.deepEqual(
      answers.map(({ status }) => status),
      statuses,
      role,
    );
    const list = await user.get("/v3/route_policies");
    assert.equal(list.json.resources.length, statuses[0] === 200 ? 1 : 0, role);
  }
});

async function setting(cc: TestCloudController) {
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const routeIn = async ({ name, scope }: { readonly name: string; readonly scope: string }) => {
    const domain = await admin.post("/v3/domains", {
      name,
      enforce_route_policies: true,
      route_policies_scope: scope,
    });
    const created = await admin.post("/v3/routes", {
      host: "guarded",
      relationships: {
        space: { data: { guid: place.spaceGuid } },
        domain: { data: { guid: domain.json.guid } },
      },
    });
    const route: { readonly guid: string } = created.json;
    return route;
  };
  const route = await routeIn({ name: "guarded.test", scope: "any" });
  const create = (source: string, routeGuid = route.guid) =>
    admin.post("/v3/route_policies", {
      source,
      relationships: { route: { data: { guid: routeGuid } } },
    });
  return { admin, place, route, routeIn, create };
}
