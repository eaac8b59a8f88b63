import assert from "node:assert/strict";
import { test } from "node:test";
import type { Process } from "../processes/process-table.ts";
import { Developer } from "../testing/developer.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { faultsAgainst } from "./check-quota.ts";

const unlimited = {
  total_memory_in_mb: null,
  per_process_memory_in_mb: null,
  total_instances: null,
  log_rate_limit_in_bytes_per_second: null,
};

test("a quota names each limit that the started processes would exceed", () => {
  const cases: [Partial<typeof unlimited> | Record<string, number>, string[]][] = [
    [{}, []],
    [{ total_memory_in_mb: 612 }, []],
    [{ total_memory_in_mb: 611 }, ["memory quota_exceeded"]],
    [{ per_process_memory_in_mb: 255 }, ["memory instance_memory_limit_exceeded"]],
    [{ total_instances: 4 }, []],
    [{ total_instances: 3 }, ["app_instance_limit app_instance_limit_exceeded"]],
  ];
  for (const [limits, faults] of cases) {
    const actual = faultsAgainst(
      { apps: { ...unlimited, ...limits }, routes: { total_routes: null } },
      { others: { memory: 100, instances: 2 }, started: [process(2, 256)] },
    );
    assert.deepEqual(actual, faults, JSON.stringify(limits));
  }
});

test("a stopped app may be scaled beyond the quota, and its start is refused", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const guid = await developer.createApp("huge");
  const droplet = await caller.post("/v3/droplets", {
    relationships: { app: { data: { guid } } },
    process_types: { web: "run" },
  });
  await caller.job(
    await developer.upload(`/v3/droplets/${droplet.json.guid}/upload`, [
      { name: "bits", content: Buffer.from([0x1f, 0x8b, 8, 0]), filename: "droplet.tgz" },
    ]),
  );
  await caller.patch(`/v3/apps/${guid}/relationships/current_droplet`, {
    data: { guid: droplet.json.guid },
  });

  const scaled = await caller.post(`/v3/processes/${guid}/actions/scale`, { instances: 101 });
  const started = await caller.post(`/v3/apps/${guid}/actions/start`);

  assert.equal(scaled.status, 202);
  assert.equal(started.status, 422);
  assert.equal(started.json.errors[0].detail, "memory quota_exceeded");
  assert.equal((await caller.get(`/v3/apps/${guid}`)).json.state, "STOPPED");
});

function process(instances: number, memoryInMb: number): Process {
  const check = { invocationTimeout: null, interval: null, endpoint: null };
  return {
    id: 1,
    guid: "p",
    createdAt: "",
    updatedAt: "",
    appGuid: "a",
    type: "web",
    state: "STARTED",
    version: "v",
    command: null,
    user: null,
    instances,
    memoryInMb,
    diskInMb: 1024,
    logRateLimitInBytesPerSecond: -1,
    healthCheck: { ...check, type: "port", timeout: null },
    readinessHealthCheck: { ...check, type: "process" },
  };
}
