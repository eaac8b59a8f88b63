import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("a route is made, found by an empty path, mapped, and mapped again without change", async () => {
  await using cc = await TestCloudController.start();
  const { caller, appGuid, relationships } = await setting(cc);

  const created = await caller.post("/v3/routes", { host: "Hello", relationships });
  const { guid } = created.json;
  const found = await caller.get(
    `/v3/routes?domain_guids=${relationships.domain.data.guid}&hosts=hello&paths=&page=1&per_page=1`,
  );
  const mapped = await caller.post(`/v3/routes/${guid}/destinations`, {
    destinations: [{ app: { guid: appGuid } }],
  });
  const again = await caller.post(`/v3/routes/${guid}/destinations`, {
    destinations: [{ app: { guid: appGuid, process: { type: "web" } } }],
  });

  assert.equal(created.status, 201, created.text);
  assert.equal(created.json.url, "hello.apps.localhost");
  assert.deepEqual(created.json.options, {});
  assert.equal(found.json.resources[0].guid, guid);
  assert.equal(mapped.json.destinations.length, 1);
  const [destination] = mapped.json.destinations;
  assert.deepEqual(destination.app, { guid: appGuid, process: { type: "web" } });
  assert.equal(destination.port, 8080);
  assert.equal(destination.protocol, "http1");
  assert.deepEqual(again.json.destinations, mapped.json.destinations);
  const ofApp = await caller.get(`/v3/apps/${appGuid}/routes`);
  assert.equal(ofApp.json.resources[0].url, "hello.apps.localhost");

  const unmapped = await caller.delete(`/v3/routes/${guid}/destinations/${destination.guid}`);
  assert.equal(unmapped.status, 204);
  const events = await caller.get(
    `/v3/audit_events?target_guids=${appGuid}&types=audit.app.map-route,audit.app.unmap-route`,
  );
  assert.equal(events.json.pagination.total_results, 2);
});

test("routes that may not be are refused", async () => {
  await using cc = await TestCloudController.start();
  const { caller, appGuid, relationships } = await setting(cc);
  await caller.post("/v3/routes", { host: "taken", relationships });
  await caller.post("/v3/routes", { host: "taken", path: "/a", relationships });
  const cases: [object, string][] = [
    [{}, "Missing host. Routes in shared domains must have a host defined."],
    [{ host: "TAKEN" }, "Route already exists with host 'TAKEN' for domain 'apps.localhost'."],
    [
      { host: "taken", path: "/A" },
      "Route already exists with host 'taken' and path '/A' for domain 'apps.localhost'.",
    ],
    [
      { host: "a.b" },
      'Host must be either "*" or contain only alphanumeric characters, "_", or "-"',
    ],
    [{ host: "x".repeat(64) }, "Host is too long (maximum is 63 characters)"],
    [{ host: "x", path: "/" }, "Path cannot be exactly '/'"],
    [{ host: "x", path: "a" }, "Path must begin with a '/'"],
    [{ host: "x", path: "/a?b" }, "Path cannot contain '?'"],
    [{ host: "x", port: 80 }, "Ports are not supported for HTTP routes."],
    [
      { host: "x", options: { loadbalancing: "dice" } },
      "Options Loadbalancing must be one of 'round-robin, least-connection'",
    ],
  ];
  for (const [body, detail] of cases) {
    const answer = await caller.post("/v3/routes", { ...body, relationships });
    assert.equal(answer.status, 422, JSON.stringify(body));
    assert.equal(answer.json.errors[0].detail, detail);
  }

  const { guid } = (await caller.post("/v3/routes", { host: "ok", relationships })).json;
  const destinations = `/v3/routes/${guid}/destinations`;
  const none = await caller.post(destinations, { destinations: [] });
  const many = await caller.post(destinations, {
    destinations: Array.from({ length: 101 }, () => ({ app: { guid: appGuid } })),
  });
  const nobody = await caller.post(destinations, { destinations: [{ app: { guid: "nobody" } }] });
  const weights = await caller.patch(destinations, {
    destinations: [{ app: { guid: appGuid }, weight: 60 }],
  });
  assert.match(none.json.errors[0].detail, /between 1 and 100/);
  assert.match(many.json.errors[0].detail, /between 1 and 100/);
  assert.equal(
    nobody.json.errors[0].detail,
    'App(s) with guid(s) "nobody" do not exist or you do not have access.',
  );
  assert.equal(weights.json.errors[0].detail, "Destinations must have weights that add up to 100.");
});

test("unmapped routes of a space are deleted together, mapped ones stay", async () => {
  await using cc = await TestCloudController.start();
  const { caller, appGuid, spaceGuid, relationships } = await setting(cc);
  const kept = await caller.post("/v3/routes", { host: "kept", relationships });
  await caller.post("/v3/routes", { host: "orphan", relationships });
  await caller.patch(`/v3/routes/${kept.json.guid}/destinations`, {
    destinations: [{ app: { guid: appGuid } }],
  });

  const job = await caller.job(await caller.delete(`/v3/spaces/${spaceGuid}/routes?unmapped=true`));

  assert.equal(job.json.state, "COMPLETE");
  const left = await caller.get("/v3/routes");
  assert.deepEqual(
    left.json.resources.map((route: { host: string }) => route.host),
    ["kept"],
  );
  const gone = await caller.job(await caller.delete(`/v3/routes/${kept.json.guid}`));
  assert.equal(gone.json.state, "COMPLETE");
});

test("private domains belong to an organization, reserve routes and go with them", async () => {
  await using cc = await TestCloudController.start();
  const { caller, organizationGuid, spaceGuid } = await setting(cc);
  const owner = { organization: { data: { guid: organizationGuid } } };

  const domain = await caller.post("/v3/domains", { name: "Example.test", relationships: owner });
  const taken = await caller.post("/v3/domains", { name: "example.test" });
  const bad = await caller.post("/v3/domains", { name: "no_dots" });
  const { guid } = domain.json;
  const apex = await caller.post("/v3/routes", {
    relationships: { space: { data: { guid: spaceGuid } }, domain: { data: { guid } } },
  });
  const reserved = await caller.get(`/v3/domains/${guid}/route_reservations?host=&path=`);
  const free = await caller.get(`/v3/domains/${guid}/route_reservations?host=x`);

  assert.equal(domain.status, 201);
  assert.equal(domain.json.name, "example.test");
  assert.equal(taken.json.errors[0].detail, 'The domain name "example.test" is already in use');
  assert.equal(bad.status, 422);
  assert.equal(apex.json.url, "example.test");
  assert.deepEqual(reserved.json, { matching_route: true });
  assert.deepEqual(free.json, { matching_route: false });

  const job = await caller.job(await caller.delete(`/v3/domains/${guid}`));
  assert.equal(job.json.state, "COMPLETE");
  assert.equal((await caller.get(`/v3/routes/${apex.json.guid}`)).status, 404);
});

async function setting(cc: TestCloudController) {
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const { spaceGuid, organizationGuid } = await firstSpace(caller);
  const appGuid = await developer.createApp("app");
  const [domain] = (await caller.get("/v3/domains?names=apps.localhost")).json.resources;
  return {
    caller,
    appGuid,
    spaceGuid,
    organizationGuid,
    relationships: {
      space: { data: { guid: spaceGuid } },
      domain: { data: { guid: String(domain.guid) } },
    },
  };
}
