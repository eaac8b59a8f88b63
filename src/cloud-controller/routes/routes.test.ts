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
  assert.equal(created.json.url, "Hello.apps.localhost");
  assert.deepEqual(created.json.options, {});
  assert.equal(found.json.resources[0].guid, guid);
  assert.equal(mapped.json.destinations.length, 1);
  const [destination] = mapped.json.destinations;
  assert.deepEqual(destination.app, { guid: appGuid, process: { type: "web" } });
  assert.equal(destination.port, 8080);
  assert.equal(destination.protocol, "http1");
  assert.deepEqual(again.json.destinations, mapped.json.destinations);
  const ofApp = await caller.get(`/v3/apps/${appGuid}/routes`);
  assert.equal(ofApp.json.resources[0].url, "Hello.apps.localhost");

  const unmapped = await caller.delete(`/v3/routes/${guid}/destinations/${destination.guid}`);
  assert.equal(unmapped.status, 204);
  const events = await caller.get(
    `/v3/audit_events?target_guids=${appGuid}&types=audit.app.map-route,audit.app.unmap-route`,
  );
  assert.equal(events.json.pagination.total_results, 2);
});

test("routes that may not be are refused", async () => {
  await using cc = await TestCloudController.start();
  const { caller, relationships } = await setting(cc);
  await caller.post("/v3/routes", { host: "taken", relationships });
  await caller.post("/v3/routes", { host: "taken", path: "/a", relationships });
  const options = (given: unknown) => ({ host: "x", options: given });
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
    [{ host: 7 }, "Host must be a string"],
    [{ host: "x".repeat(64) }, "Host is too long (maximum is 63 characters)"],
    [{ host: "x", path: "/" }, "Path cannot be exactly /"],
    [{ host: "x", path: "a" }, "Path must begin with /"],
    [{ host: "x", path: "/a?b" }, "Path cannot contain ?"],
    [{ host: "x", path: "/a b" }, "Path is invalid."],
    [{ host: "x", path: "/a%zz" }, "Path is invalid."],
    [{ host: "x", path: `/${"x".repeat(128)}` }, "Path is too long (maximum is 128 characters)"],
    [{ host: "x", port: 80 }, "Routes with protocol 'http' do not support ports."],
    [{ host: "x", port: 65_536 }, "Port must be less than or equal to 65535"],
    [{ host: "x", port: "http" }, "Port is not a number"],
    [{ host: "x", colour: "red" }, "Unknown field(s): 'colour'"],
    [options("fast"), "Options 'options' is not a valid object"],
    [
      options({ loadbalancing: "dice" }),
      "Options Loadbalancing must be one of 'round-robin, least-connection' if present",
    ],
    [
      options({ loadbalancing: "hash" }),
      "Options Loadbalancing must be one of 'round-robin, least-connection' if present",
    ],
    [options({ speed: "9" }), "Options Unknown field(s): 'speed'"],
    [options({ hash_header: "X" }), "Options Unknown field(s): 'hash_header'"],
    [{ host: "dev" }, "Route conflicts with domain 'dev.apps.localhost'."],
  ];
  await caller.post("/v3/domains", { name: "dev.apps.localhost" });
  for (const [body, detail] of cases) {
    const answer = await caller.post("/v3/routes", { ...body, relationships });
    assert.equal(answer.status, 422, JSON.stringify(body));
    assert.equal(answer.json.errors[0].detail, detail);
  }
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
