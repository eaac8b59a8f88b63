import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { RunningApp } from "../testing/running-app.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("scale answers 202 with the process and keeps what is not given", async () => {
  await using cc = await TestCloudController.start();
  const { caller, guid } = await appOf(cc);

  const byType = await caller.post(`/v3/apps/${guid}/processes/web/actions/scale`, {
    instances: 3,
  });
  const byGuid = await caller.post(`/v3/processes/${guid}/actions/scale`, { memory_in_mb: 64 });

  assert.equal(byType.status, 202);
  assert.equal(byType.json.instances, 3);
  assert.equal(byGuid.json.instances, 3);
  assert.equal(byGuid.json.memory_in_mb, 64);
  assert.equal(byGuid.json.disk_in_mb, 1024);
  const lines = cc.logLines.map((line) => line.payload);
  assert.ok(lines.includes('Scaling process: "web"'));
});

test("what a process may not be is 422 in Cloud Controller's words", async () => {
  await using cc = await TestCloudController.start();
  const { caller, guid } = await appOf(cc);
  const scale = `/v3/processes/${guid}/actions/scale`;
  const process = `/v3/processes/${guid}`;
  const cases: [string, unknown, string][] = [
    [scale, { instances: -1 }, "Instances must be greater than or equal to 0"],
    [scale, { instances: 1.5 }, "Instances must be an integer"],
    [scale, { instances: "three" }, "Instances is not a number"],
    [scale, { instances: 5001 }, "Instances must be less than or equal to 5000"],
    [scale, { memory_in_mb: 0 }, "Memory in mb must be greater than 0"],
    [
      scale,
      { disk_in_mb: 4096 },
      "disk_quota too much disk requested (requested 4096 MB - must be less than 2048 MB)",
    ],
    [
      scale,
      { log_rate_limit_in_bytes_per_second: -2 },
      "Log rate limit in bytes per second must be greater than or equal to -1",
    ],
    [scale, { cpus: 2 }, "Unknown field(s): 'cpus'"],
    [process, { command: "" }, "Command must be between 1 and 4096 characters"],
    [
      process,
      { health_check: { data: { timeout: 181 } } },
      "health_check_timeout Maximum exceeded: max 180s",
    ],
    [
      process,
      { health_check: { type: "http" } },
      "health_check_http_endpoint HTTP health check endpoint is not a valid URI path: ",
    ],
    [
      process,
      { health_check: { type: "http", data: { endpoint: "no slash" } } },
      "Health check endpoint must be a valid URI path",
    ],
    [scale, { instances: 2 ** 31 }, "Instances must be less than or equal to 5000"],
    [scale, { memory_in_mb: -1 }, "Memory in mb must be greater than 0"],
    [scale, { memory_in_mb: 10 ** 12 }, "Memory in mb must be less than or equal to 2147483647"],
    [scale, { disk_in_mb: 0 }, "Disk in mb must be greater than 0"],
    [scale, { instances: true }, "Instances is not a number"],
    [
      scale,
      { log_rate_limit_in_bytes_per_second: 2 ** 53 },
      "Log rate limit in bytes per second must be less than or equal to 9007199254740991",
    ],
    [process, { command: "x".repeat(4097) }, "Command must be between 1 and 4096 characters"],
    [process, { command: "run\u0000 me" }, "The request must not contain NUL characters"],
    [process, { command: ["run"] }, "Command must be a string"],
    ...["//evil/x", "http://x", "/a\r\nX: y", "/a b", "/\u00a0", ""].map(
      (endpoint): [string, unknown, string] => [
        process,
        { health_check: { type: "http", data: { endpoint } } },
        "Health check endpoint must be a valid URI path",
      ],
    ),
    [
      process,
      { health_check: { type: "http", data: { endpoint: `/${"x".repeat(255)}` } } },
      "Health check endpoint is too long (maximum is 255 characters)",
    ],
    [
      process,
      { health_check: { type: "none" } },
      'Health check type must be "port", "process", or "http"',
    ],
    ...[0, -1].map((timeout): [string, unknown, string] => [
      process,
      { health_check: { data: { timeout } } },
      "Health check timeout must be greater than or equal to 1",
    ]),
    [
      process,
      { readiness_health_check: { type: "http", data: { endpoint: "//evil/x" } } },
      "Readiness health check endpoint must be a valid URI path",
    ],
    [
      process,
      { user: "root" },
      "user invalid (requested user 'root' not allowed, permitted users are: 'vcap')",
    ],
  ];
  for (const [path, body, detail] of cases) {
    const answer = await caller.send(path === scale ? "POST" : "PATCH", path, body);
    assert.equal(answer.status, 422, JSON.stringify(body));
    assert.equal(answer.json.errors[0].detail, detail);
  }
});

test("a command is kept as it is, whatever a shell would make of it, and null takes it away", async () => {
  await using cc = await TestCloudController.start();
  const { caller, guid } = await appOf(cc);
  const commands = [
    "x; rm -rf /",
    "`id` $(id)",
    "a\nb",
    `"'\\`,
    "héllo 😀",
    "x".repeat(4096),
    null,
  ];

  for (const command of commands) {
    const answer = await caller.patch(`/v3/processes/${guid}`, { command });
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await caller.get(`/v3/processes/${guid}`)).json.command, command);
  }
});

test("a health check takes an endpoint for http alone and forgets it with the type", async () => {
  await using cc = await TestCloudController.start();
  const { caller, guid } = await appOf(cc);
  const path = `/v3/processes/${guid}`;

  const http = await caller.patch(path, {
    health_check: { type: "http", data: { endpoint: "/ok", timeout: 90 } },
    command: "run me",
  });
  const port = await caller.patch(path, { health_check: { type: "port" } });

  assert.deepEqual(http.json.health_check, {
    type: "http",
    data: { timeout: 90, invocation_timeout: null, interval: null, endpoint: "/ok" },
  });
  assert.equal(http.json.command, "run me");
  assert.deepEqual(port.json.health_check, {
    type: "port",
    data: { timeout: 90, invocation_timeout: null, interval: null },
  });
  const list = await caller.get("/v3/processes");
  assert.equal(list.json.resources[0].command, "[PRIVATE DATA HIDDEN IN LISTS]");
});

test("stats of a stopped app are DOWN, one entry an instance; embedded in lists too", async () => {
  await using cc = await TestCloudController.start();
  const { caller, guid } = await appOf(cc);
  await caller.post(`/v3/processes/${guid}/actions/scale`, { instances: 2 });

  const stats = await caller.get(`/v3/processes/${guid}/stats`);
  const list = await caller.get("/v3/processes?embed=process_instances");
  const bad = await caller.get("/v3/processes?embed=moon");

  assert.deepEqual(
    stats.json.resources.map((entry: { index: number; state: string }) => [
      entry.index,
      entry.state,
    ]),
    [
      [0, "DOWN"],
      [1, "DOWN"],
    ],
  );
  assert.deepEqual(list.json.resources[0].process_instances, [
    { index: 0, state: "DOWN", since: null },
    { index: 1, state: "DOWN", since: null },
  ]);
  assert.equal(bad.status, 400);
});

test("an instance that is not desired cannot be terminated", async () => {
  await using cc = await TestCloudController.start();
  const { caller, guid } = await appOf(cc);
  for (const index of ["1", "-1", "x", "99999999999"]) {
    const answer = await caller.delete(`/v3/apps/${guid}/processes/web/instances/${index}`);
    assert.equal(answer.status, 404, index);
    assert.equal(answer.json.errors[0].detail, "Instance not found");
  }
  const unknown = await caller.get(`/v3/apps/${guid}/processes/worker`);
  assert.equal(unknown.json.errors[0].detail, "Process not found");
});

test("a process that a running app is given starts with the app's next start", async () => {
  await using app = await RunningApp.start();
  const { caller, bbs, guid } = app;
  const { space } = (await caller.get(`/v3/apps/${guid}`)).json.relationships;
  const manifest =
    "applications: [{name: shop, processes: [{type: clock, command: tick, instances: 1}]}]";
  const applied = await caller.send(
    "POST",
    `/v3/spaces/${space.data.guid}/actions/apply_manifest`,
    manifest,
    { "content-type": "application/x-yaml" },
  );
  assert.equal((await caller.job(applied)).json.state, "COMPLETE");
  const clock = (await caller.get(`/v3/apps/${guid}/processes/clock`)).json;
  assert.equal(clock.instances, 1);
  const processesOf = () => [...bbs.desired.keys()].map((lrp) => lrp.slice(0, 36));

  await caller.post(`/v3/processes/${clock.guid}/actions/scale`, { instances: 2 });
  assert.deepEqual(processesOf(), [guid], "it is not desired yet");
  const usage = (await caller.get("/v3/app_usage_events")).json.resources;
  assert.ok(!usage.some((event: { process: { type: string } }) => event.process.type === "clock"));

  await app.act("restart");
  assert.deepEqual(new Set(processesOf()), new Set([guid, clock.guid]));
});

async function appOf(cc: TestCloudController) {
  const developer = await Developer.admin(cc);
  return { caller: developer.caller, guid: await developer.createApp("app") };
}
