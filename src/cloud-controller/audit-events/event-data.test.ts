import assert from "node:assert/strict";
import { test } from "node:test";
import { appWithDroplet } from "../testing/app-with-droplet.ts";
import type { Caller } from "../testing/test-cloud-controller.ts";

interface AuditEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function eventsOf(caller: Caller, target: string): Promise<readonly AuditEvent[]> {
  return (await caller.get(`/v3/audit_events?target_guids=${target}`)).json.resources;
}

test("the event of what was made tells what was asked for, without secrets", async () => {
  await using stage = await appWithDroplet();
  const { caller, app, droplet } = stage;
  const { space } = (await caller.get(`/v3/apps/${app}`)).json.relationships;
  const [domain] = (await caller.get("/v3/domains?names=apps.localhost")).json.resources;
  const data = async (target: string, type: string) =>
    (await eventsOf(caller, target))
      .filter((event) => event.type === type)
      .map((event) => event.data);

  const asked = {
    relationships: { space },
    name: "shelf",
    lifecycle: { type: "buildpack", data: { buildpacks: ["https://u:secret@example.com/b"] } },
    metadata: { labels: { tier: "1" } },
  };
  const shelf = (await caller.post("/v3/apps", { ...asked, environment_variables: { KEY: "x" } }))
    .json.guid;
  assert.deepEqual(await data(shelf, "audit.app.create"), [
    {
      request: {
        ...asked,
        environment_variables: "[PRIVATE DATA HIDDEN]",
        lifecycle: { type: "buildpack", data: { buildpacks: ["https://***:***@example.com/b"] } },
      },
    },
  ]);

  const ofShelf = { relationships: { app: { data: { guid: shelf } } } };
  const bits = { type: "bits", ...ofShelf };
  const made = (await caller.post("/v3/packages", bits)).json.guid;
  const [source] = (await caller.get(`/v3/apps/${app}/packages`)).json.resources;
  const copied = (await caller.post(`/v3/packages?source_guid=${source.guid}`, ofShelf)).json.guid;
  const ofPackages = await data(shelf, "audit.app.package.create");
  assert.deepEqual(ofPackages.find((event) => event["package_guid"] === made)?.["request"], bits);
  assert.deepEqual(ofPackages.find((event) => event["package_guid"] === copied)?.["request"], {
    source_package_guid: source.guid,
  });
  const copy = (await caller.post(`/v3/droplets?source_guid=${droplet}`, ofShelf)).json.guid;
  assert.deepEqual(await data(shelf, "audit.app.droplet.create"), [
    { droplet_guid: copy, request: { source_droplet_guid: droplet } },
  ]);

  const wanted = {
    host: "shelf",
    path: "/a",
    relationships: { space, domain: { data: { guid: domain.guid } } },
  };
  const route = (await caller.post("/v3/routes", wanted)).json.guid;
  assert.deepEqual(await data(route, "audit.route.create"), [{ request: wanted }]);
});

test("events of what a manifest changes say so", async () => {
  await using stage = await appWithDroplet();
  const { caller, app } = stage;
  const { space } = (await caller.get(`/v3/apps/${app}`)).json.relationships;
  const manifest = `
applications:
- name: shop
  env: {A: b}
  metadata: {labels: {tier: web}}
  memory: 64M
  command: node .
  processes: [{type: clock, command: tick}]
  routes: [{route: shop.apps.localhost}]
`;
  await caller.job(
    await caller.send("POST", `/v3/spaces/${space.data.guid}/actions/apply_manifest`, manifest, {
      "content-type": "application/x-yaml",
    }),
  );

  const [route] = (await caller.get("/v3/routes?hosts=shop")).json.resources;
  const events = [...(await eventsOf(caller, app)), ...(await eventsOf(caller, route.guid))];
  const marked = events.filter(({ data }) => data["manifest_triggered"] === true);
  assert.deepEqual([...new Set(marked.map(({ type }) => type))].toSorted(), [
    "audit.app.map-route",
    "audit.app.process.create",
    "audit.app.process.scale",
    "audit.app.process.update",
    "audit.app.update",
    "audit.route.create",
  ]);
  const requests = marked
    .filter(({ type }) => type === "audit.app.update")
    .map(({ data }) => JSON.stringify(data["request"]));
  assert.deepEqual(requests.toSorted(), [
    '{"environment_variables":"[PRIVATE DATA HIDDEN]"}',
    '{"metadata":{"labels":{"tier":"web"}}}',
  ]);
  await caller.post(`/v3/processes/${app}/actions/scale`, { memory_in_mb: 128 });
  const scales = (await eventsOf(caller, app)).filter(({ type }) => type.endsWith(".scale"));
  assert.equal(scales.length, 2);
  assert.equal(scales.filter(({ data }) => data["manifest_triggered"] === true).length, 1);
});
