import assert from "node:assert/strict";
import { test } from "node:test";
import { BbsError } from "#diego/models/bbs-error.ts";
import { appWithDroplet, completeTask } from "../testing/app-with-droplet.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";

const guidPattern = /^[0-9a-f-]{36}$/;

test("a task is RUNNING once Diego has it, and shows all its fields", async () => {
  await using stage = await appWithDroplet();
  const { bbs, cc, caller, app, droplet } = stage;

  const created = await caller.post(`/v3/apps/${app}/tasks`, {
    name: "migrate",
    command: "rake db:migrate",
    memory_in_mb: 64,
    disk_in_mb: 256,
    log_rate_limit_in_bytes_per_second: 1000,
    metadata: { labels: { team: "shop" } },
  });

  assert.equal(created.status, 202, created.text);
  const { guid, created_at, updated_at, ...rest } = created.json;
  assert.match(guid, guidPattern);
  assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.match(updated_at, /Z$/);
  assert.deepEqual(rest, {
    sequence_id: 1,
    name: "migrate",
    command: "rake db:migrate",
    user: "vcap",
    state: "RUNNING",
    memory_in_mb: 64,
    disk_in_mb: 256,
    log_rate_limit_in_bytes_per_second: 1000,
    result: { failure_reason: null },
    droplet_guid: droplet,
    relationships: { app: { data: { guid: app } } },
    metadata: { labels: { team: "shop" }, annotations: {} },
    links: {
      self: { href: `${cc.url}/v3/tasks/${guid}` },
      app: { href: `${cc.url}/v3/apps/${app}` },
      cancel: { href: `${cc.url}/v3/tasks/${guid}/actions/cancel`, method: "POST" },
      droplet: { href: `${cc.url}/v3/droplets/${droplet}` },
    },
  });
  const events = await caller.get(`/v3/audit_events?types=audit.app.task.create`);
  assert.partialDeepStrictEqual(events.json.resources, [
    {
      actor: { guid: "admin-guid", type: "user", name: "admin" },
      target: { guid: app, type: "app", name: "shop" },
      data: {
        task_guid: guid,
        request: { name: "migrate", memory_in_mb: 64, command: "[PRIVATE DATA HIDDEN]" },
      },
    },
  ]);
  assert.equal(bbs.taskMap.get(guid)?.domain, "cf-tasks");
});

test("the task that Diego gets is the original's", async () => {
  await using stage = await appWithDroplet();
  const { bbs, cc, caller, app } = stage;
  await caller.patch(`/v3/apps/${app}/environment_variables`, { var: { COLOUR: "blue" } });
  await caller.patch("/v3/environment_variable_groups/running", {
    var: { COLOUR: "red", REGION: "north" },
  });

  const created = await caller.post(`/v3/apps/${app}/tasks`, {
    name: "one",
    command: "run me",
    memory_in_mb: 2048,
  });

  const definition = bbs.taskMap.get(created.json.guid)?.definition;
  assert.ok(definition !== undefined);
  assert.partialDeepStrictEqual(definition, {
    rootFs: "preloaded:cflinuxfs4?toolchains=",
    memoryMb: 2048,
    diskMb: 1024,
    cpuWeight: 25,
    logSource: "CELL",
    logGuid: app,
    resultFile: "",
    legacyDownloadUser: "vcap",
    trustedSystemCertificatesPath: "/etc/cf-system-certificates",
    action: {
      kind: "serial",
      actions: [
        { kind: "download", to: ".", user: "vcap", checksum: { algorithm: "sha256" } },
        {
          kind: "run",
          path: "/tmp/lifecycle/launcher",
          args: ["app", "run me", ""],
          user: "vcap",
          logSource: "APP/TASK/one",
        },
      ],
    },
  });
  const variables = Object.fromEntries(
    definition.environmentVariables.map(({ name, value }) => [name, value]),
  );
  assert.equal(variables["COLOUR"], "blue");
  assert.equal(variables["REGION"], "north");
  assert.equal(variables["MEMORY_LIMIT"], "2048m");
  assert.equal(variables["VCAP_SERVICES"], "{}");
  assert.equal(variables["LANG"], "en_US.UTF-8");
  assert.equal(variables["PORT"], undefined);
  const application = JSON.parse(variables["VCAP_APPLICATION"] ?? "");
  assert.partialDeepStrictEqual(application, {
    application_id: app,
    application_name: "shop",
    limits: { mem: 2048, disk: 1024, fds: 16_384 },
  });
  const url = /"from":"(http:[^"]*cc-droplets[^"]*)"/.exec(JSON.stringify(definition.action))?.[1];
  assert.equal((await cc.cell("GET", url ?? "")).text, "droplet");
});

test("a task without a command takes that of its template process, and its sizes", async () => {
  await using stage = await appWithDroplet({}, { web: "serve", worker: "bin/work" });
  const { caller, app } = stage;
  const processes = await caller.get(`/v3/apps/${app}/processes?types=worker`);
  const worker = processes.json.resources[0].guid;
  await caller.post(`/v3/processes/${worker}/actions/scale`, {
    memory_in_mb: 96,
    disk_in_mb: 200,
    log_rate_limit_in_bytes_per_second: 77,
  });

  const created = await caller.post(`/v3/apps/${app}/tasks`, {
    template: { process: { guid: worker } },
  });

  assert.partialDeepStrictEqual(created.json, {
    command: "bin/work",
    memory_in_mb: 96,
    disk_in_mb: 200,
    log_rate_limit_in_bytes_per_second: 77,
  });
  assert.match(created.json.name, /^[0-9a-f]{8}$/);
  const unknown = await caller.post(`/v3/apps/${app}/tasks`, {
    template: { process: { guid: "nowhere" } },
  });
  assert.equal(unknown.status, 404);
  assert.deepEqual(unknown.json.errors, [
    {
      code: 350003,
      title: "CF-ProcessNotFound",
      detail: "The process could not be found: nowhere",
    },
  ]);
});

test("what a task may not be is refused in Cloud Controller's words", async () => {
  await using stage = await appWithDroplet();
  const { developer, caller, app, bbs } = stage;
  const cases: [unknown, number, string][] = [
    [{}, 422, "Command No command or template provided"],
    [{ command: 7 }, 422, "Command must be a string"],
    [{ command: "x", memory_in_mb: 0 }, 422, "Memory in mb must be greater than 0"],
    [{ command: "x", memory_in_mb: "1M" }, 422, "Memory in mb is not a number"],
    [{ command: "x", disk_in_mb: 1.5 }, 422, "Disk in mb must be an integer"],
    [{ command: "x", disk_in_mb: 2049 }, 422, "Cannot request disk_in_mb greater than 2048"],
    [
      { command: "x", log_rate_limit_in_bytes_per_second: -2 },
      422,
      "Log rate limit in bytes per second must be greater than -2",
    ],
    [{ command: "x", extra: 1 }, 422, "Unknown field(s): 'extra'"],
    [{ command: "x", user: "" }, 422, "User must be between 1 and 255 characters"],
    [
      { template: {} },
      422,
      "Template process guid must be a string, Template process guid must be between 1 and 200 characters",
    ],
    [
      { command: "x", droplet_guid: 5, memory_in_mb: 0, disk_in_mb: 0 },
      422,
      "Disk in mb must be greater than 0, Memory in mb must be greater than 0, Droplet guid must be a string, Droplet guid must be between 1 and 200 characters",
    ],
    [{ command: "x", droplet_guid: "nowhere" }, 404, "Droplet not found"],
    [{ command: "", name: "n" }, 422, "command presence"],
    [
      { command: "x", user: "root" },
      422,
      "user invalid (requested user 'root' not allowed, permitted users are: 'vcap')",
    ],
  ];
  const desired = bbs.calls.length;
  for (const [body, status, detail] of cases) {
    const answer = await caller.post(`/v3/apps/${app}/tasks`, body);
    assert.equal(answer.status, status, JSON.stringify(body));
    assert.equal(answer.json.errors[0].detail, detail);
  }
  const bare = await developer.createApp("bare");
  const none = await caller.post(`/v3/apps/${bare}/tasks`, { command: "x" });
  assert.equal(
    none.json.errors[0].detail,
    "Task must have a droplet. Specify droplet or assign current droplet to app.",
  );
  assert.equal((await caller.post("/v3/apps/nowhere/tasks", { command: "x" })).status, 404);
  assert.equal((await caller.get("/v3/tasks")).json.pagination.total_results, 0);
  assert.equal(bbs.calls.length, desired);
});

test("numbers count up from 1 for each app, also for tasks made at once", async () => {
  await using stage = await appWithDroplet();
  const { caller, app } = stage;

  const created = await Promise.all(
    Array.from({ length: 12 }, () => caller.post(`/v3/apps/${app}/tasks`, { command: "x" })),
  );

  const numbers = created.map(({ json }) => json.sequence_id).toSorted((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: 12 }, (_, index) => index + 1),
  );
});

test("the callback gives a task its end, once", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { cc, bbs, caller, app } = stage;
  const make = async () =>
    String((await caller.post(`/v3/apps/${app}/tasks`, { command: "x" })).json.guid);
  const read = async (guid: string) => (await caller.get(`/v3/tasks/${guid}`)).json;
  const [good, bad, malformed] = [await make(), await make(), await make()];
  const url = bbs.taskMap.get(good)?.definition.completionCallbackUrl ?? "";

  assert.equal((await completeTask(stage, good)).status, 200);
  const failure = { failed: true, failure_reason: "APP/TASK/x: Exited with status 3" };
  assert.equal((await completeTask(stage, bad, failure)).status, 200);
  assert.equal((await completeTask(stage, malformed, { failed: "no" })).status, 200);

  assert.equal((await read(good)).state, "SUCCEEDED");
  assert.deepEqual((await read(good)).result, { failure_reason: null });
  assert.equal((await read(bad)).state, "FAILED");
  assert.deepEqual((await read(bad)).result, {
    failure_reason: "APP/TASK/x: Exited with status 3",
  });
  assert.deepEqual((await read(malformed)).result, {
    failure_reason: "Malformed task response from Diego",
  });
  const json = { "content-type": "application/json" };
  const again = JSON.stringify({ task_guid: good, failed: true, failure_reason: "late" });
  const repeated = await cc.cell("POST", url, again, json);
  assert.equal(repeated.status, 400);
  assert.equal(repeated.json.errors[0].code, 10004);
  assert.equal((await read(good)).state, "SUCCEEDED");
  const unsigned = await cc.cell("POST", url.replace(/\?.*/, ""), again, json);
  assert.equal(unsigned.status, 401);
});

test("a poll of a task is held until it ends", async () => {
  await using stage = await appWithDroplet();
  const { caller, app } = stage;
  const guid = (await caller.post(`/v3/apps/${app}/tasks`, { command: "x" })).json.guid;

  const polled = caller.get(`/v3/tasks/${guid}`);
  await completeTask(stage, guid);

  assert.equal((await polled).json.state, "SUCCEEDED");
});

test("a cancelled task is CANCELING until Diego ends it; one that has ended is not cancelled", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { bbs, caller, app } = stage;
  const guid = (await caller.post(`/v3/apps/${app}/tasks`, { command: "x" })).json.guid;
  const task = bbs.taskMap.get(guid);
  assert.ok(task !== undefined);

  const cancelled = await caller.post(`/v3/tasks/${guid}/actions/cancel`);

  assert.equal(cancelled.status, 202);
  assert.equal(cancelled.json.state, "CANCELING");
  assert.ok(bbs.calls.includes(`cancelTask ${guid}`));
  const events = await caller.get("/v3/audit_events?types=audit.app.task.cancel");
  assert.equal(events.json.resources[0].data.task_guid, guid);
  bbs.taskMap.set(guid, task);
  await completeTask(stage, guid, { failed: true, failure_reason: "task was cancelled" });
  assert.equal((await caller.get(`/v3/tasks/${guid}`)).json.state, "FAILED");
  const late = await caller.send("PUT", `/v3/tasks/${guid}/cancel`);
  assert.equal(late.status, 422);
  assert.equal(late.json.errors[0].detail, "Task state is FAILED and therefore cannot be canceled");
});

test("where Diego is away the task is FAILED, and the answer says so", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { bbs, caller, app } = stage;
  bbs.outage = new BbsError("Timeout", "no answer");

  const refused = await caller.post(`/v3/apps/${app}/tasks`, { command: "x" });

  assert.equal(refused.status, 503);
  assert.equal(refused.json.errors[0].code, 170020);
  const [task] = (await caller.get(`/v3/apps/${app}/tasks`)).json.resources;
  assert.equal(task.state, "FAILED");
  assert.deepEqual(task.result, { failure_reason: "Unable to request task to be run" });
});

test("tasks are listed by name, state, number, app, space and label", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { caller, app } = stage;
  const { spaceGuid, organizationGuid } = await firstSpace(caller);
  const make = async (name: string, labels: Record<string, string> = {}) =>
    String(
      (await caller.post(`/v3/apps/${app}/tasks`, { name, command: "x", metadata: { labels } }))
        .json.guid,
    );
  const [one, two, three] = [await make("one"), await make("two", { k: "v" }), await make("two")];
  await completeTask(stage, one);
  const cases: [string, string[]][] = [
    ["", [one, two, three]],
    ["?names=two", [two, three]],
    ["?states=SUCCEEDED", [one]],
    ["?states=RUNNING,FAILED", [two, three]],
    ["?label_selector=k=v", [two]],
    [`?guids=${one},${three}`, [one, three]],
    ["?order_by=-created_at&per_page=1", [three]],
  ];
  for (const base of ["/v3/tasks", `/v3/apps/${app}/tasks`]) {
    for (const [query, expected] of cases) {
      const { resources } = (await caller.get(`${base}${query}`)).json;
      assert.deepEqual(
        resources.map(({ guid }: { guid: string }) => guid),
        expected,
        base + query,
      );
    }
  }
  const places = `app_guids=${app}&space_guids=${spaceGuid}&organization_guids=${organizationGuid}`;
  assert.equal((await caller.get(`/v3/tasks?${places}`)).json.resources.length, 3);
  assert.equal((await caller.get("/v3/tasks?space_guids=no")).json.resources.length, 0);
  const byNumber = await caller.get(`/v3/apps/${app}/tasks?sequence_ids=2,x`);
  assert.deepEqual(
    byNumber.json.resources.map(({ guid }: { guid: string }) => guid),
    [two],
  );
  assert.equal((await caller.get("/v3/tasks?sequence_ids=2")).status, 400);
  assert.equal((await caller.get(`/v3/apps/${app}/tasks?app_guids=${app}`)).status, 400);
});

test("commands are seen by those who may see secrets, and in no list over all apps", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { cc, caller, app } = stage;
  const place = await firstSpace(caller);
  const guid = (await caller.post(`/v3/apps/${app}/tasks`, { command: "x" })).json.guid;
  const cases = [
    ["space_developer", 200, "x", 202, 202],
    ["space_supporter", 200, undefined, 403, 202],
    ["space_auditor", 200, undefined, 403, 403],
    ["organization_manager", 200, undefined, 403, 403],
    ["organization_auditor", 404, undefined, 404, 404],
  ] as const;
  for (const [role, read, command, create, cancel] of cases) {
    const user = await userWith(cc, role, { ...place, types: [role] });
    const shown = await user.get(`/v3/tasks/${guid}`);
    assert.equal(shown.status, read, role);
    assert.equal(shown.json.command, command, role);
    const created = await user.post(`/v3/apps/${app}/tasks`, { command: "x" });
    assert.equal(created.status, create, role);
    const listed = await user.get(`/v3/apps/${app}/tasks`);
    assert.equal(listed.status, read, role);
    if (read === 200) assert.equal(listed.json.resources[0].command, command, role);
    const all = await user.get("/v3/tasks");
    assert.equal(all.json.resources.length > 0, read === 200, role);
    assert.ok(!all.text.includes('"command"'), role);
    assert.equal((await user.post(`/v3/tasks/${guid}/actions/cancel`)).status, cancel, role);
    const renamed = await user.patch(`/v3/tasks/${guid}`, { metadata: { labels: { a: role } } });
    assert.equal(renamed.status, create === 202 ? 200 : create, role);
  }
  assert.deepEqual((await caller.get(`/v3/tasks/${guid}`)).json.metadata.labels, {
    a: "space_developer",
  });
});

test("without the feature flag only an administrator makes tasks", async () => {
  await using stage = await appWithDroplet();
  const { cc, caller, app } = stage;
  await caller.patch("/v3/feature_flags/task_creation", {
    enabled: false,
    custom_error_message: "no tasks today",
  });
  const place = await firstSpace(caller);
  const user = await userWith(cc, "dev", { ...place, types: ["space_developer"] });

  const refused = await user.post(`/v3/apps/${app}/tasks`, {});

  assert.equal(refused.status, 403);
  assert.equal(refused.json.errors[0].code, 330002);
  assert.equal(refused.json.errors[0].detail, "Feature Disabled: no tasks today");
  assert.equal((await caller.post(`/v3/apps/${app}/tasks`, { command: "x" })).status, 202);
});

test("a stop of the app leaves its tasks alone, its deletion cancels and removes them", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { bbs, caller, app } = stage;
  await caller.post(`/v3/apps/${app}/actions/start`);
  const guid = (await caller.post(`/v3/apps/${app}/tasks`, { command: "x" })).json.guid;

  await caller.post(`/v3/apps/${app}/actions/stop`);
  assert.ok(bbs.taskMap.has(guid));
  const job = await caller.job(await caller.delete(`/v3/apps/${app}`));

  assert.equal(job.json.state, "COMPLETE", job.text);
  assert.ok(!bbs.taskMap.has(guid));
  assert.equal((await caller.get(`/v3/tasks/${guid}`)).status, 404);
});

test("tasks that wait or run use the quota's memory, also against the start of an app", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { caller, app } = stage;
  const make = (memory: number) =>
    caller.post(`/v3/apps/${app}/tasks`, { command: "x", memory_in_mb: memory });

  const tooMuch = await make(102_401);
  const most = await make(102_000);
  const more = await make(401);
  const started = await caller.post(`/v3/apps/${app}/actions/start`);

  assert.equal(tooMuch.status, 422);
  assert.equal(tooMuch.json.errors[0].detail, "memory_in_mb exceeds organization memory quota");
  assert.equal(most.status, 202, most.text);
  assert.equal(more.status, 422);
  assert.equal(started.status, 422);
  assert.equal(started.json.errors[0].detail, "memory quota_exceeded");
  await completeTask(stage, most.json.guid);
  assert.equal((await caller.post(`/v3/apps/${app}/actions/start`)).status, 200);
});
