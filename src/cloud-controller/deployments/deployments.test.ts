import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../testing/eventually.ts";
import { PlayedCells } from "../testing/played-cells.ts";
import { RunningApp } from "../testing/running-app.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

interface UsageEvent {
  readonly process: { readonly guid: string | null };
  readonly state: { readonly current: string };
}

interface Body {
  readonly strategy?: string;
  readonly droplet?: unknown;
  readonly revision?: unknown;
  readonly options?: unknown;
  readonly metadata?: unknown;
}

async function deploy(app: RunningApp, body: Body = {}) {
  return await app.caller.post("/v3/deployments", {
    relationships: { app: { data: { guid: app.guid } } },
    ...body,
  });
}

/** A started app whose instances run. */
async function serving(instances = 1) {
  const app = await RunningApp.start();
  const cells = new PlayedCells(app.bbs);
  await app.caller.post(`/v3/processes/${app.guid}/actions/scale`, { instances });
  cells.catchUp();
  return { app, cells, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}

async function webProcesses(app: RunningApp): Promise<{ guid: string; instances: number }[]> {
  return (await app.caller.get(`/v3/apps/${app.guid}/processes?types=web`)).json.resources;
}

async function numbers(app: RunningApp): Promise<number[]> {
  return (await webProcesses(app)).map(({ instances }) => instances);
}

/** Waits for the numbers of web instances, the oldest process first; what Diego wants is the same then. */
async function reaches(app: RunningApp, expected: readonly number[]): Promise<void> {
  const wanted = JSON.stringify(expected);
  const seen = await eventually(async () =>
    JSON.stringify(await numbers(app)) === wanted ? wanted : undefined,
  ).catch(async () => JSON.stringify(await numbers(app)));
  assert.equal(seen, wanted);
  const guids = (await webProcesses(app)).map(({ guid }) => guid);
  await eventually(async () => {
    const desired = [...app.bbs.desired.values()];
    const told = guids.map((guid) =>
      desired
        .filter(({ processGuid }) => processGuid.startsWith(guid))
        .reduce((sum, { instances }) => sum + instances, 0),
    );
    return JSON.stringify(told) === wanted ? true : undefined;
  });
}

async function statusOf(app: RunningApp, guid: string) {
  const answer = await app.caller.send("GET", `/v3/deployments/${guid}`, undefined, {
    prefer: "wait=0",
  });
  return answer.json.status;
}

async function ends(app: RunningApp, guid: string, reason: string) {
  return await eventually(async () => {
    const status = await statusOf(app, guid);
    return status.reason === reason ? status : undefined;
  });
}

test("a rolling deployment is told whole from its first moment on", async () => {
  await using staged = await serving(2);
  const { app } = staged;
  const previous = (await app.caller.get(`/v3/apps/${app.guid}/droplets/current`)).json.guid;
  const droplet = await app.droplet();

  const created = await deploy(app, {
    droplet: { guid: droplet },
    metadata: { labels: { by: "test" } },
  });

  assert.equal(created.status, 201, created.text);
  const deployment = created.json;
  const self = `${app.cc.url}/v3/deployments/${deployment.guid}`;
  const [old, fresh] = await webProcesses(app);
  assert.ok(old !== undefined && fresh !== undefined);
  assert.deepEqual(deployment, {
    guid: deployment.guid,
    created_at: deployment.created_at,
    updated_at: deployment.updated_at,
    status: {
      value: "ACTIVE",
      reason: "DEPLOYING",
      details: {
        last_successful_healthcheck: deployment.created_at,
        last_status_change: deployment.created_at,
      },
    },
    strategy: "rolling",
    options: { max_in_flight: 1 },
    droplet: { guid: droplet },
    previous_droplet: { guid: previous },
    new_processes: [{ guid: fresh.guid, type: "web" }],
    revision: { guid: deployment.revision.guid, version: 2 },
    relationships: { app: { data: { guid: app.guid } } },
    metadata: { labels: { by: "test" }, annotations: {} },
    links: {
      self: { href: self },
      app: { href: `${app.cc.url}/v3/apps/${app.guid}` },
      cancel: { href: `${self}/actions/cancel`, method: "POST" },
    },
  });
  assert.equal(old.guid, app.guid);
  assert.deepEqual(await numbers(app), [2, 1]);
  // Diego knew before the answer.
  assert.equal(
    [...app.bbs.desired.values()].filter(({ processGuid }) => processGuid.startsWith(fresh.guid))
      .length,
    1,
  );
  const events = await app.caller.get(
    `/v3/audit_events?target_guids=${app.guid}&types=audit.app.deployment.create`,
  );
  const { request: _request, ...data } = events.json.resources[0].data;
  assert.deepEqual(data, {
    deployment_guid: deployment.guid,
    droplet_guid: droplet,
    type: null,
    revision_guid: deployment.revision.guid,
    strategy: "rolling",
  });
});

test("instances are replaced one by one, and the last round leaves the new process alone", async () => {
  await using staged = await serving(2);
  const { app, cells } = staged;
  const { guid } = (await deploy(app, { droplet: { guid: await app.droplet() } })).json;

  await reaches(app, [2, 1]);
  cells.catchUp();
  await reaches(app, [1, 2]);
  cells.catchUp();
  const status = await ends(app, guid, "DEPLOYED");

  assert.equal(status.value, "FINALIZED");
  await reaches(app, [2]);
  const [web] = await webProcesses(app);
  assert.notEqual(web?.guid, app.guid);
  const usage = (await app.caller.get("/v3/app_usage_events")).json.resources;
  const [last] = usage.slice(-1);
  assert.deepEqual(
    [last.process.guid, last.state, last.instance_count.current],
    [app.guid, { current: "STOPPED", previous: "STARTED" }, 1],
  );
  const first = usage.find((event: UsageEvent) => event.process.guid === web?.guid);
  assert.deepEqual(
    [first.state, first.instance_count],
    [
      { current: "STARTED", previous: "STOPPED" },
      { current: 1, previous: 1 },
    ],
  );
  const links = (await app.caller.get(`/v3/deployments/${guid}`)).json.links;
  assert.deepEqual(Object.keys(links), ["self", "app"]);
});

test("a step that the quota does not allow waits with the reason, until it may be taken", async () => {
  await using staged = await serving(3);
  const { app, cells } = staged;
  const { guid } = (await deploy(app, { options: { max_in_flight: 2 } })).json;
  await reaches(app, [3, 2]);
  await limitInstances(app, 1);
  cells.catchUp();

  const status = await eventually(async () => {
    const found = await statusOf(app, guid);
    return found.details.error === undefined ? undefined : found;
  });

  assert.equal(status.reason, "DEPLOYING");
  assert.match(status.details.error, /app_instance_limit_exceeded/);
  assert.deepEqual(await numbers(app), [3, 2]);
  await limitInstances(app, 100);
  cells.become([...app.bbs.desired.keys()][1] ?? "", "RUNNING");
  await reaches(app, [1, 3]);
  assert.equal((await statusOf(app, guid)).details.error, undefined);
});

async function limitInstances(app: RunningApp, totalInstances: number): Promise<void> {
  const [quota] = (await app.caller.get("/v3/organization_quotas")).json.resources;
  const answer = await app.caller.patch(`/v3/organization_quotas/${quota.guid}`, {
    apps: { total_instances: totalInstances },
  });
  assert.equal(answer.status, 200, answer.text);
}

test("a canary pauses at each of its steps, and goes on when it is told", async () => {
  await using staged = await serving(4);
  const { app, cells } = staged;
  const steps = [{ instance_weight: 25 }, { instance_weight: 50 }];
  const created = await deploy(app, {
    strategy: "canary",
    options: { max_in_flight: 4, canary: { steps }, web_instances: null, memory_in_mb: null },
  });
  const { guid } = created.json;
  const act = (name: string) => app.caller.post(`/v3/deployments/${guid}/actions/${name}`);
  assert.deepEqual(created.json.options, { max_in_flight: 4, canary: { steps } });
  assert.deepEqual(created.json.status.canary, { steps: { current: 1, total: 2 } });
  const early = await act("continue");
  assert.equal(
    early.json.errors[0].detail,
    "Cannot continue a deployment with status: ACTIVE and reason: DEPLOYING",
  );

  cells.catchUp();
  await ends(app, guid, "PAUSED");
  await reaches(app, [4, 1]);
  const paused = (await app.caller.get(`/v3/deployments/${guid}`)).json;
  assert.equal(paused.links.continue.method, "POST");
  assert.equal(paused.status.value, "ACTIVE");

  assert.equal((await act("continue")).text, "");
  await reaches(app, [4, 2]);
  assert.deepEqual((await statusOf(app, guid)).canary, { steps: { current: 2, total: 2 } });
  cells.catchUp();
  await ends(app, guid, "PAUSED");
  await reaches(app, [3, 2]);

  assert.equal((await act("continue")).status, 200);
  await reaches(app, [2, 4]);
  cells.catchUp();
  await ends(app, guid, "DEPLOYED");
  await reaches(app, [4]);
});

test("a canceled deployment brings the old process and droplet back", async () => {
  await using staged = await serving(3);
  const { app, cells } = staged;
  const current = async () =>
    (await app.caller.get(`/v3/apps/${app.guid}/droplets/current`)).json.guid;
  const before = await current();
  const { guid } = (await deploy(app, { droplet: { guid: await app.droplet() } })).json;
  cells.catchUp();
  await reaches(app, [2, 2]);
  assert.notEqual(await current(), before);

  const canceled = await app.caller.post(`/v3/deployments/${guid}/actions/cancel`);

  assert.equal(canceled.status, 200);
  assert.equal(canceled.text, "");
  assert.equal(await current(), before);
  await ends(app, guid, "CANCELED");
  await reaches(app, [3]);
  assert.equal((await webProcesses(app))[0]?.guid, app.guid);
  for (const action of ["cancel", "continue"]) {
    const again = await app.caller.post(`/v3/deployments/${guid}/actions/${action}`);
    assert.equal(
      again.json.errors[0].detail,
      `Cannot ${action} a deployment with status: FINALIZED and reason: CANCELED`,
    );
  }
});

test("a second deployment supersedes the first and takes its instances over", async () => {
  await using staged = await serving(3);
  const { app, cells } = staged;
  const first = (await deploy(app, { droplet: { guid: await app.droplet() } })).json;
  cells.catchUp();
  await reaches(app, [2, 2]);

  const second = (await deploy(app, { droplet: { guid: await app.droplet() } })).json;

  const superseded = await statusOf(app, first.guid);
  assert.deepEqual([superseded.value, superseded.reason], ["FINALIZED", "SUPERSEDED"]);
  // The interim process has come to one routable instance, so there are four old ones: one too many.
  await reaches(app, [1, 2, 1]);
  cells.catchUp();
  await reaches(app, [0, 2, 2]);
  cells.catchUp();
  await reaches(app, [0, 1, 3]);
  cells.catchUp();
  await ends(app, second.guid, "DEPLOYED");
  await reaches(app, [3]);
});

test("a rollback is a deployment of what a revision was, its variables and sidecars too", async () => {
  await using staged = await serving();
  const { app, cells } = staged;
  const { caller, guid } = app;
  const [first] = (await caller.get(`/v3/apps/${guid}/revisions`)).json.resources;
  const same = await deploy(app, { revision: { guid: first.guid } });
  assert.equal(
    same.json.errors[0].detail,
    "Unable to rollback. The code and configuration you are rolling back to is the same as the deployed revision.",
  );
  await caller.patch(`/v3/apps/${guid}/environment_variables`, { var: { A: "1" } });
  await caller.patch(`/v3/processes/${guid}`, { command: "node other.js" });
  await caller.post(`/v3/apps/${guid}/sidecars`, {
    name: "proxy",
    command: "./proxy",
    process_types: ["web"],
  });
  await app.act("restart");
  cells.catchUp();

  const created = await deploy(app, { revision: { guid: first.guid } });

  assert.equal(created.status, 201, created.text);
  assert.equal(created.json.revision.version, 3);
  const revision = (await caller.get(`/v3/revisions/${created.json.revision.guid}`)).json;
  assert.equal(
    revision.description,
    "Custom start command removed for 'web' process. New environment variables deployed. Sidecars updated. Rolled back to revision 1.",
  );
  const env = (await caller.get(`/v3/apps/${guid}/environment_variables`)).json;
  assert.deepEqual(env.var, {});
  assert.deepEqual((await caller.get(`/v3/apps/${guid}/sidecars`)).json.resources, []);
  cells.catchUp();
  await ends(app, created.json.guid, "DEPLOYED");
  const [lrp, ...others] = app.bbs.desired.values();
  assert.deepEqual(others, []);
  assert.match(JSON.stringify(lrp?.action), /"app","node server.js"/);
});

test("at its end the other processes become the new revision as well, with a restart", async () => {
  await using app = await RunningApp.create();
  const cells = new PlayedCells(app.bbs);
  const types = { web: "node server.js", worker: "node worker.js" };
  await app.assign(await app.droplet(types));
  await app.act("start");
  await app.caller.post(`/v3/apps/${app.guid}/processes/worker/actions/scale`, { instances: 1 });
  cells.catchUp();
  const worker = async () => (await app.caller.get(`/v3/apps/${app.guid}/processes/worker`)).json;
  const before = await worker();
  const droplet = await app.droplet({ ...types, worker: "node better-worker.js" });

  const { guid, revision } = (await deploy(app, { droplet: { guid: droplet } })).json;
  assert.equal((await worker()).version, before.version);
  cells.catchUp();
  await ends(app, guid, "DEPLOYED");

  const after = await worker();
  assert.notEqual(after.version, before.version);
  assert.deepEqual(after.relationships.revision.data, { guid: revision.guid });
  await eventually(async () => (app.bbs.desired.size === 2 ? true : undefined));
  assert.ok(!app.bbs.desired.has(`${before.guid}-${before.version}`));
  const lrp = app.bbs.desired.get(`${after.guid}-${after.version}`);
  assert.match(JSON.stringify(lrp?.action), /node better-worker.js/);
  // Who bills sees the restart too.
  const usage = (await app.caller.get("/v3/app_usage_events?per_page=100")).json.resources;
  const told = usage
    .filter((event: UsageEvent) => event.process.guid === before.guid)
    .map((event: UsageEvent) => event.state.current);
  assert.deepEqual(told, ["STARTED", "STARTED", "STOPPED", "STARTED"]);
});

test("a stopped app is started with it, and the deployment is over at once", async () => {
  await using app = await RunningApp.create();
  const droplet = await app.droplet();

  const created = await deploy(app, {
    droplet: { guid: droplet },
    options: { web_instances: 3, memory_in_mb: 128 },
  });

  assert.equal(created.status, 201, created.text);
  const { status, new_processes: processes, revision } = created.json;
  assert.deepEqual([status.value, status.reason], ["FINALIZED", "DEPLOYED"]);
  assert.deepEqual(processes, []);
  assert.equal(revision.version, 1);
  assert.equal((await app.caller.get(`/v3/apps/${app.guid}`)).json.state, "STARTED");
  const [lrp] = app.bbs.desired.values();
  assert.deepEqual([lrp?.instances, lrp?.memoryMb], [3, 128]);
});

test("sizes given with it are those of the new process", async () => {
  await using staged = await serving(2);
  const { app, cells } = staged;
  const options = {
    web_instances: 1,
    memory_in_mb: 256,
    disk_in_mb: 300,
    log_rate_limit_in_bytes_per_second: 1000,
  };

  const created = await deploy(app, { options });

  assert.deepEqual(created.json.options, { max_in_flight: 1, ...options });
  cells.catchUp();
  await ends(app, created.json.guid, "DEPLOYED");
  await reaches(app, [1]);
  const process = (await app.caller.get(`/v3/apps/${app.guid}/processes/web`)).json;
  assert.equal(process.memory_in_mb, 256);
  assert.equal(process.disk_in_mb, 300);
  assert.equal(process.log_rate_limit_in_bytes_per_second, 1000);
});

test("while it is under way the web process and the droplet are its own", async () => {
  await using staged = await serving();
  const { app } = staged;
  const droplet = await app.droplet();
  await deploy(app);

  const scaled = await app.caller.post(`/v3/apps/${app.guid}/processes/web/actions/scale`, {
    instances: 2,
  });
  const updated = await app.caller.patch(`/v3/apps/${app.guid}/processes/web`, { command: "x" });
  const assigned = await app.caller.patch(`/v3/apps/${app.guid}/relationships/current_droplet`, {
    data: { guid: droplet },
  });

  assert.deepEqual(
    [scaled, updated, assigned].map((answer) => [answer.status, answer.json.errors?.[0].detail]),
    [
      [422, "Cannot scale this process while a deployment is in flight."],
      [422, "Cannot update this process while a deployment is in flight."],
      [
        422,
        "Unable to assign current droplet while the app has a deployment in progress. Wait for the deployment to complete or cancel it.",
      ],
    ],
  );
});

test("a Cloud Controller that was killed takes a deployment up where it was", async () => {
  await using staged = await serving(2);
  const { app, cells } = staged;
  const { guid } = (await deploy(app)).json;
  await reaches(app, [2, 1]);

  // A second one on the same database stands for the first after a kill; that one hears nothing more.
  await using again = await TestCloudController.start({
    bbs: app.bbs,
    directory: app.cc.directory,
  });
  await app.cc[Symbol.asyncDispose]();
  cells.catchUp();

  const caller = await again.admin();
  await eventually(async () => {
    cells.catchUp();
    const found = await caller.send("GET", `/v3/deployments/${guid}`, undefined, {
      prefer: "wait=0",
    });
    return found.json.status.reason === "DEPLOYED" ? true : undefined;
  });
});

test("a poll of it is held until its status changes", async () => {
  await using staged = await serving();
  const { app, cells } = staged;
  const { guid } = (await deploy(app)).json;

  const held = app.caller.get(`/v3/deployments/${guid}`);
  cells.catchUp();

  assert.equal((await held).json.status.reason, "DEPLOYED");
});

test("deployments are listed by app, state, status and label", async () => {
  await using staged = await serving();
  const { app, cells } = staged;
  const first = (await deploy(app, { metadata: { labels: { n: "1" } } })).json;
  cells.catchUp();
  await ends(app, first.guid, "DEPLOYED");
  const second = (await deploy(app)).json;
  const cases: [string, string[]][] = [
    ["", [first.guid, second.guid]],
    [`app_guids=${app.guid}&order_by=-created_at&per_page=1&status_values=ACTIVE`, [second.guid]],
    ["app_guids=nope", []],
    ["states=DEPLOYED", [first.guid]],
    ["status_values=FINALIZED,ACTIVE", [first.guid, second.guid]],
    ["status_reasons=DEPLOYING,PAUSED", [second.guid]],
    ["label_selector=n=1", [first.guid]],
    [`guids=${second.guid}`, [second.guid]],
  ];
  for (const [query, expected] of cases) {
    const found = (await app.caller.get(`/v3/deployments?${query}`)).json.resources;
    assert.deepEqual(
      found.map((each: { guid: string }) => each.guid),
      expected,
      query,
    );
  }
});

test("who may manage apps may deploy, who may read them sees it, others see nothing", async () => {
  await using staged = await serving();
  const { app } = staged;
  const places = await firstSpace(app.caller);
  const user = (name: string, type: "space_supporter" | "space_auditor") =>
    userWith(app.cc, name, { ...places, types: [type] });
  const supporter = await user("supporter", "space_supporter");
  const auditor = await user("auditor", "space_auditor");
  const stranger = await app.cc.as({ userGuid: "stranger-guid" });
  const body = { relationships: { app: { data: { guid: app.guid } } } };
  const unusable = "Unable to use app. Ensure that the app exists and you have access to it.";

  for (const caller of [auditor, stranger]) {
    const refused = await caller.post("/v3/deployments", body);
    assert.deepEqual([refused.status, refused.json.errors[0].detail], [422, unusable]);
  }
  const created = await supporter.post("/v3/deployments", body);
  assert.equal(created.status, 201, created.text);
  const self = `/v3/deployments/${created.json.guid}`;

  assert.equal((await auditor.get(`${self}`)).status, 200);
  assert.equal((await stranger.get(self)).json.errors[0].detail, "Deployment not found");
  assert.deepEqual((await stranger.get("/v3/deployments")).json.resources, []);
  assert.equal((await auditor.post(`${self}/actions/cancel`)).status, 404);
  assert.equal((await supporter.patch(self, {})).status, 403);
  const labelled = await app.caller.patch(self, { metadata: { labels: { a: "b" } } });
  assert.deepEqual(labelled.json.metadata.labels, { a: "b" });
  assert.equal((await supporter.post(`${self}/actions/cancel`)).status, 200);
});

const weights = "Options canary steps instance weight must be";
const refusals: readonly [string, Body & { readonly relationships?: unknown }, string][] = [
  [
    "no app",
    { relationships: undefined },
    "Unable to use app. Ensure that the app exists and you have access to it.",
  ],
  [
    "a droplet and a revision",
    { droplet: { guid: "d" }, revision: { guid: "r" } },
    "Droplet Cannot set both fields 'droplet' and 'revision'",
  ],
  [
    "another strategy",
    { strategy: "recreate" },
    "Strategy 'recreate' is not a supported deployment strategy",
  ],
  [
    "another's droplet",
    { droplet: { guid: "nope" } },
    "Unable to assign current droplet. Ensure the droplet exists and belongs to this app.",
  ],
  ["a revision that is not there", { revision: { guid: "nope" } }, "The revision does not exist"],
  [
    "an option of that name",
    { options: { speed: 1, x: 2 } },
    "Options has unsupported key(s): speed, x",
  ],
  ["options that are none", { options: [] }, "Options must be an object"],
  [
    "none in flight",
    { options: { max_in_flight: 0 } },
    "Max in flight must be an integer greater than 0",
  ],
  [
    "text in flight",
    { options: { max_in_flight: "2" } },
    "Max in flight must be an integer greater than 0",
  ],
  [
    "fewer than no instances",
    { options: { web_instances: -1 } },
    "Web instances must be greater than or equal to 0",
  ],
  ["no memory", { options: { memory_in_mb: 0 } }, "Memory in mb must be greater than 0"],
  [
    "too much disk",
    { options: { disk_in_mb: 5000 } },
    "disk_quota too much disk requested (requested 5000 MB - must be less than 2048 MB)",
  ],
  [
    "canary options of a rolling one",
    { options: { canary: {} } },
    "Options canary are only valid for Canary deployments",
  ],
  [
    "canary options that are none",
    { strategy: "canary", options: { canary: 1 } },
    "Options canary must be an object",
  ],
  [
    "steps that are none",
    { strategy: "canary", options: { canary: { steps: [1] } } },
    "Options canary steps must be an array of objects",
  ],
  [
    "a step without weight",
    { strategy: "canary", options: { canary: { steps: [{ weight: 1 }] } } },
    `Options canary steps has unsupported key(s): weight, Options canary steps missing key: "instance_weight", ${weights} an Integer between 1-100 (inclusive)`,
  ],
  [
    "too much weight",
    { strategy: "canary", options: { canary: { steps: [{ instance_weight: 101 }] } } },
    `${weights} an Integer between 1-100 (inclusive)`,
  ],
  [
    "weights that fall",
    {
      strategy: "canary",
      options: { canary: { steps: [{ instance_weight: 50 }, { instance_weight: 20 }] } },
    },
    `${weights} sorted in ascending order`,
  ],
];
test("a deployment that is wrong is refused in Cloud Controller's words, and leaves no trace", async () => {
  await using staged = await serving();
  const { app } = staged;
  for (const [what, body, detail] of refusals) {
    const answer = await deploy(app, body);
    assert.deepEqual([answer.status, answer.json.errors?.[0].detail], [422, detail], what);
  }
  assert.deepEqual((await app.caller.get("/v3/deployments")).json.resources, []);
  assert.deepEqual(await numbers(app), [1]);
});

test("what the app is not ready for is refused", async () => {
  await using app = await RunningApp.create();
  const none = await deploy(app);
  await app.assign(await app.droplet());
  await app.act("start");
  const [revision] = (await app.caller.get(`/v3/apps/${app.guid}/revisions`)).json.resources;
  await app.assign(await app.droplet());
  await app.act("restart");
  await app.caller.job(await app.caller.delete(`/v3/droplets/${revision.droplet.guid}`));
  const gone = await deploy(app, { revision: { guid: revision.guid } });
  await app.caller.patch(`/v3/apps/${app.guid}/features/revisions`, { enabled: false });
  const off = await deploy(app, { revision: { guid: revision.guid } });
  await limitInstances(app, 1);
  const full = await deploy(app);

  assert.deepEqual(
    [none, gone, off, full].map((answer) => answer.json.errors?.[0].detail),
    [
      "Invalid droplet. Please specify a droplet in the request or set a current droplet for the app.",
      "Unable to deploy this revision, the droplet for this revision no longer exists.",
      "Cannot create deployment from a revision for an app without revisions enabled",
      "app_instance_limit app_instance_limit_exceeded for organization rivera. This organization's quota may not be large enough to support rolling deployments or your configured max-in-flight.",
    ],
  );
});

test("an app goes with its deployment, in the middle of it", async () => {
  await using staged = await serving(2);
  const { app } = staged;
  const { guid } = (await deploy(app)).json;

  const job = await app.caller.job(await app.caller.delete(`/v3/apps/${app.guid}`));

  assert.equal(job.json.state, "COMPLETE", job.text);
  assert.equal((await app.caller.get(`/v3/deployments/${guid}`)).status, 404);
  assert.equal(app.bbs.desired.size, 0);
});

test("a stop in the middle keeps it waiting; the next start takes it on", async () => {
  await using staged = await serving(2);
  const { app, cells } = staged;
  const { guid } = (await deploy(app)).json;
  await app.act("stop");
  cells.catchUp();
  assert.equal(app.bbs.desired.size, 0);
  assert.equal((await statusOf(app, guid)).reason, "DEPLOYING");

  await app.act("start");

  cells.catchUp();
  await reaches(app, [1, 2]);
  cells.catchUp();
  await ends(app, guid, "DEPLOYED");
});
