import assert from "node:assert/strict";
import { test } from "node:test";
import { appWithDroplet, completeTask } from "../testing/app-with-droplet.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";

test("usage is summed over the platform, an organization and a space, tasks too", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { cc, caller, app } = stage;
  const { spaceGuid, organizationGuid } = await firstSpace(caller);
  const space = { space: { data: { guid: spaceGuid } } };
  const owned = await caller.post("/v3/domains", {
    name: "private.example.com",
    relationships: { organization: { data: { guid: organizationGuid } } },
  });
  assert.equal(owned.status, 201, owned.text);
  const [domain] = (await caller.get("/v3/domains?names=apps.localhost")).json.resources;
  await caller.post("/v3/routes", {
    host: "shop",
    relationships: { ...space, domain: { data: { guid: domain.guid } } },
  });
  const other = await caller.post("/v3/spaces", {
    name: "other",
    relationships: { organization: { data: { guid: organizationGuid } } },
  });
  await caller.post(`/v3/processes/${app}/actions/scale`, { instances: 3, memory_in_mb: 64 });
  await caller.post(`/v3/apps/${app}/actions/start`);
  const task = { command: "x", memory_in_mb: 32 };
  await caller.post(`/v3/apps/${app}/tasks`, task);
  const ended = await caller.post(`/v3/apps/${app}/tasks`, task);
  await completeTask(stage, ended.json.guid);

  const used = {
    started_instances: 3,
    memory_in_mb: 3 * 64 + 32,
    routes: 1,
    service_instances: 0,
    reserved_ports: 0,
    domains: 1,
    per_app_tasks: 1,
    service_keys: 0,
  };
  const unused = {
    ...used,
    started_instances: 0,
    memory_in_mb: 0,
    routes: 0,
    per_app_tasks: 0,
  };
  const self = (path: string) => ({ self: { href: `${cc.url}${path}` } });
  const info = "/v3/info/usage_summary";
  assert.deepEqual((await caller.get(info)).json, { usage_summary: used, links: self(info) });
  const ofOrganization = `/v3/organizations/${organizationGuid}/usage_summary`;
  assert.deepEqual((await caller.get(ofOrganization)).json, {
    usage_summary: used,
    links: {
      ...self(ofOrganization),
      organization: { href: `${cc.url}/v3/organizations/${organizationGuid}` },
    },
  });
  for (const [guid, summary] of [
    [spaceGuid, used],
    [other.json.guid, unused],
  ]) {
    const path = `/v3/spaces/${guid}/usage_summary`;
    assert.deepEqual((await caller.get(path)).json, {
      usage_summary: summary,
      links: { ...self(path), space: { href: `${cc.url}/v3/spaces/${guid}` } },
    });
  }

  const db = await cc.openDatabase();
  await db.updateTable("tasks").set({ state: "PENDING" }).where("state", "=", "RUNNING").execute();
  await db.destroy();
  const memory = async (path: string) => (await caller.get(path)).json.usage_summary.memory_in_mb;
  assert.equal(await memory(info), 3 * 64, "a task that waits takes no memory of the platform");
  assert.equal(await memory(ofOrganization), used.memory_in_mb);
});

test("the summary of everything is hidden from whoever does not see everything", async () => {
  await using stage = await appWithDroplet();
  const { cc, caller } = stage;
  const place = await firstSpace(caller);
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });

  const hidden = await developer.get("/v3/info/usage_summary");

  assert.equal(hidden.status, 404);
  assert.equal(hidden.json.errors[0].code, 10000);
  assert.equal((await developer.get(`/v3/spaces/${place.spaceGuid}/usage_summary`)).status, 200);
});
