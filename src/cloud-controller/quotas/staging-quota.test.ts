import assert from "node:assert/strict";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { RunningApp } from "../testing/running-app.ts";
import { firstSpace } from "../testing/tenants.ts";

test("a staging is refused where it asks for more than the quota of the space or organization has left", async () => {
  await using app = await RunningApp.start();
  const { caller, developer, guid } = app;
  const { spaceGuid, organizationGuid } = await firstSpace(caller);
  const found = await developer.packageOf(guid, buildZip([{ name: "a", content: "x" }]));
  const build = (limits: Readonly<Record<string, number>>) =>
    caller.post("/v3/builds", { package: { guid: found.json.guid }, ...limits });
  await caller.post(`/v3/processes/${guid}/actions/scale`, {
    memory_in_mb: 1024,
    log_rate_limit_in_bytes_per_second: 100,
  });
  const quota = async (
    kind: "organization" | "space",
    limits: Readonly<Record<string, number>>,
  ) => {
    const organization = { organization: { data: { guid: organizationGuid } } };
    const created = await caller.post(`/v3/${kind}_quotas`, {
      name: "tight",
      apps: limits,
      ...(kind === "space" ? { relationships: organization } : {}),
    });
    const holder = kind === "space" ? spaceGuid : organizationGuid;
    const path = `/v3/${kind}_quotas/${created.json.guid}`;
    const applied = await caller.post(`${path}/relationships/${kind}s`, {
      data: [{ guid: holder }],
    });
    assert.equal(applied.status, 200, applied.text);
    return path;
  };

  // One instance of the app runs, with 1024 MB and 100 bytes a second.
  const path = await quota("organization", {
    total_memory_in_mb: 2100,
    log_rate_limit_in_bytes_per_second: 150,
  });
  const rows: readonly [Readonly<Record<string, number>>, string][] = [
    [
      { staging_memory_in_mb: 1077 },
      "organization's memory limit exceeded: staging requires 1077M memory",
    ],
    [{ staging_disk_in_mb: 1_000_000 }, "disk limit exceeded"],
    [{}, "organization's log rate limit exceeded: staging requires 100 bytes per second"],
    [
      { staging_log_rate_limit_bytes_per_second: 51 },
      "organization's log rate limit exceeded: staging requires 51 bytes per second",
    ],
  ];
  for (const [limits, detail] of rows) {
    const refused = await build(limits);
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.json.errors[0].detail, detail);
  }
  await caller.patch(path, { apps: { total_memory_in_mb: null } });
  await quota("space", { total_memory_in_mb: 1500 });
  const inSpace = await build({ staging_memory_in_mb: 1024 });
  assert.equal(
    inSpace.json.errors[0].detail,
    "space's memory limit exceeded: staging requires 1024M memory",
  );

  // Below the least that a staging gets nothing is asked of the memory quota, and -1 is within any log rate.
  const least = await build({
    staging_memory_in_mb: 512,
    staging_log_rate_limit_bytes_per_second: -1,
  });
  assert.equal(least.status, 201, least.text);
  assert.equal(least.json.staging_memory_in_mb, 1024);
});
