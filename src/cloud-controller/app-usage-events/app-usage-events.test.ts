import assert from "node:assert/strict";
import { test } from "node:test";
import { appWithDroplet, completeTask } from "../testing/app-with-droplet.ts";
import type { Caller } from "../testing/test-cloud-controller.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";

const path = "/v3/app_usage_events";

interface UsageEvent {
  readonly guid: string;
  readonly state: { readonly current: string; readonly previous: string | null };
}

async function events(caller: Caller, query = ""): Promise<UsageEvent[]> {
  return (await caller.get(`${path}?per_page=1000${query}`)).json.resources;
}

/** Current and previous state of each event after that one, in order. */
async function statesAfter(caller: Caller, guid: string | undefined): Promise<string[]> {
  const after = await events(caller, guid === undefined ? "" : `&after_guid=${guid}`);
  return after.map(({ state }) => `${state.previous}->${state.current}`);
}

test("a staging is told with its start, its end and the buildpack that it came to", async () => {
  await using stage = await appWithDroplet();
  const { caller, app } = stage;

  const told = await events(caller);

  assert.deepEqual(
    told.map(({ state }) => state),
    [
      { current: "STAGING_STARTED", previous: "STAGING" },
      { current: "STAGING_STOPPED", previous: "STAGING" },
      { current: "BUILDPACK_SET", previous: "STAGED" },
    ],
  );
  assert.partialDeepStrictEqual(told[0], {
    app: { guid: app, name: "shop" },
    process: { guid: null, type: null },
    task: { guid: null, name: null },
    memory_in_mb_per_instance: { current: 1024, previous: 1024 },
    instance_count: { current: 1, previous: 1 },
  });
  assert.partialDeepStrictEqual(told[2], { buildpack: { guid: null, name: "k" } });
});

test("what starts, grows, restarts and stops is told with sizes before and after", async () => {
  await using stage = await appWithDroplet();
  const { cc, caller, app } = stage;
  const { spaceGuid, organizationGuid } = await firstSpace(caller);
  const last = async () => (await events(caller)).at(-1)?.guid;
  let seen = await last();

  await caller.post(`/v3/processes/${app}/actions/scale`, { instances: 2 });
  assert.deepEqual(await statesAfter(caller, seen), []);
  await caller.post(`/v3/apps/${app}/actions/start`);
  assert.deepEqual(await statesAfter(caller, seen), ["STOPPED->STARTED"]);
  seen = await last();
  await caller.post(`/v3/processes/${app}/actions/scale`, { instances: 3, memory_in_mb: 64 });
  const [scaled] = await events(caller, `&after_guid=${seen}`);
  assert.ok(scaled !== undefined);
  const { created_at, updated_at, ...rest } = Object.assign(
    { created_at: "", updated_at: "" },
    scaled,
  );
  assert.equal(updated_at, created_at);
  assert.deepEqual(rest, {
    guid: scaled.guid,
    state: { current: "STARTED", previous: "STARTED" },
    app: { guid: app, name: "shop" },
    process: { guid: app, type: "web" },
    space: { guid: spaceGuid, name: "dev" },
    organization: { guid: organizationGuid },
    buildpack: { guid: null, name: "k" },
    task: { guid: null, name: null },
    memory_in_mb_per_instance: { current: 64, previous: 1024 },
    instance_count: { current: 3, previous: 2 },
    links: { self: { href: `${cc.url}${path}/${scaled.guid}` } },
  });
  seen = await last();
  await caller.post(`/v3/apps/${app}/actions/restart`);
  assert.deepEqual(await statesAfter(caller, seen), ["STARTED->STOPPED", "STOPPED->STARTED"]);
  seen = await last();
  await caller.post(`/v3/apps/${app}/actions/stop`);
  await caller.post(`/v3/apps/${app}/actions/stop`);
  assert.deepEqual(await statesAfter(caller, seen), ["STARTED->STOPPED"]);
});

test("a task is told when it runs and when it has ended; the deletion of its app ends both", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { caller, app } = stage;
  const last = async () => (await events(caller)).at(-1)?.guid;
  let seen = await last();
  const make = async () =>
    String(
      (await caller.post(`/v3/apps/${app}/tasks`, { name: "n", command: "x", memory_in_mb: 32 }))
        .json.guid,
    );

  const guid = await make();
  await completeTask(stage, guid);

  assert.deepEqual(await statesAfter(caller, seen), [
    "PENDING->TASK_STARTED",
    "RUNNING->TASK_STOPPED",
  ]);
  assert.partialDeepStrictEqual((await events(caller)).at(-1), {
    task: { guid, name: "n" },
    process: { guid: null, type: null },
    memory_in_mb_per_instance: { current: 32, previous: 32 },
  });
  await caller.post(`/v3/apps/${app}/actions/start`);
  await make();
  seen = await last();
  const job = await caller.job(await caller.delete(`/v3/apps/${app}`));
  assert.equal(job.json.state, "COMPLETE", job.text);
  assert.deepEqual(await statesAfter(caller, seen), [
    "STARTED->STOPPED",
    "CANCELING->TASK_STOPPED",
  ]);
  const types = "audit.app.process.delete,audit.app.task.cancel";
  const deleted = await caller.get(`/v3/audit_events?types=${types}&order_by=created_at`);
  assert.partialDeepStrictEqual(deleted.json.resources, [
    { type: "audit.app.task.cancel", actor: { guid: "admin-guid", type: "user" } },
    { type: "audit.app.process.delete", data: { process_guid: app, process_type: "web" } },
  ]);
});

test("a purge leaves one event for each process that is started", async () => {
  await using stage = await appWithDroplet();
  const { caller, app, developer } = stage;
  await caller.post(`/v3/apps/${app}/actions/start`);
  await developer.createApp("stopped");

  const purged = await caller.post(`${path}/actions/destructively_purge_all_and_reseed`);

  assert.equal(purged.status, 200);
  assert.equal(purged.text, "{}");
  const [event, ...others] = await events(caller);
  assert.deepEqual(others, []);
  assert.partialDeepStrictEqual(event, {
    state: { current: "STARTED", previous: "STARTED" },
    process: { guid: app },
    instance_count: { current: 1, previous: 1 },
  });
});

test("only global readers see usage events, only an administrator purges", async () => {
  await using stage = await appWithDroplet();
  const { cc, caller } = stage;
  const place = await firstSpace(caller);
  const [first] = await events(caller);
  const reader = await cc.as({
    userGuid: "auditor",
    scopes: ["cloud_controller.global_auditor", "cloud_controller.write"],
  });
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });

  assert.equal((await reader.get(`${path}/${first?.guid}`)).status, 200);
  assert.equal((await events(reader)).length, 3);
  assert.deepEqual(await events(developer), []);
  const hiddenEvent = await developer.get(`${path}/${first?.guid}`);
  assert.equal(hiddenEvent.status, 404);
  assert.equal(hiddenEvent.json.errors[0].detail, "App usage event not found");
  for (const user of [reader, developer]) {
    const purged = await user.post(`${path}/actions/destructively_purge_all_and_reseed`);
    assert.equal(purged.status, 403);
  }
});

test("a query that is wrong is 422 here, with the original's texts", async () => {
  await using stage = await appWithDroplet();
  const { caller } = stage;
  const cases = [
    ["after_guid=nothing", "After guid filter must be a valid app usage event guid."],
    ["after_guid=a,b", "After guid filter accepts only one guid"],
    [
      "updated_ats[gt]=2026-01-01T00:00:00Z",
      "Filtering by 'updated_ats' is not allowed on this resource.",
    ],
    ["order_by=updated_at", "Order by can only be: 'created_at'"],
    ["page=0", "Page must be a positive integer"],
  ] as const;
  for (const [query, detail] of cases) {
    const answer = await caller.get(`${path}?${query}`);
    assert.equal(answer.status, 422, query);
    assert.equal(answer.json.errors[0].detail, detail);
  }
  assert.match((await caller.get(`${path}?x=1`)).text, /Unknown query parameter\(s\): 'x'/);
  const page = await caller.get(`${path}?per_page=1&order_by=-created_at`);
  assert.equal(page.json.pagination.total_results, 3);
  // The two at the end of a staging are of one moment.
  assert.match(page.json.resources[0].state.current, /^(STAGING_STOPPED|BUILDPACK_SET)$/);
});
