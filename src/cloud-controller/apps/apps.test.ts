import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const to = (guid: string) => ({ space: { data: { guid } } });

test("POST /v3/apps makes a stopped app, its web process under the same guid, an event and a log line", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);

  const created = await admin.post("/v3/apps", {
    name: " hello ",
    relationships: to(spaceGuid),
    environment_variables: { A: "1" },
    metadata: { labels: { tier: "web" } },
  });

  assert.equal(created.status, 201, created.text);
  const app = created.json;
  assert.equal(app.name, "hello");
  assert.equal(app.state, "STOPPED");
  assert.deepEqual(app.lifecycle, {
    type: "buildpack",
    data: { buildpacks: [], stack: "cflinuxfs4" },
  });
  assert.deepEqual(app.relationships, {
    space: { data: { guid: spaceGuid } },
    current_droplet: { data: { guid: null } },
  });
  assert.equal(app.links.start.method, "POST");
  const process = (await admin.get(`/v3/processes/${app.guid}`)).json;
  assert.equal(process.type, "web");
  assert.equal(process.instances, 1);
  assert.equal(process.memory_in_mb, 1024);
  assert.deepEqual(process.health_check, {
    type: "port",
    data: { timeout: null, invocation_timeout: null, interval: null },
  });
  const events = await admin.get(`/v3/audit_events?target_guids=${app.guid}&order_by=-created_at`);
  assert.deepEqual(events.json.resources.map((event: { type: string }) => event.type).sort(), [
    "audit.app.create",
    "audit.app.process.create",
  ]);
  assert.deepEqual(
    cc.logLines.map((line) => [line.sourceType, line.sourceId, line.payload]),
    [["API", app.guid, `Created app with guid ${app.guid}`]],
  );
});

test("POST /v3/apps refuses what is wrong in Cloud Controller's words", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);
  const space = to(spaceGuid);
  await admin.post("/v3/apps", { name: "taken", relationships: space });
  const structure =
    'Relationships Space must be structured like this: "space: {"data": {"guid": "valid-guid"}}"';
  const cases: [unknown, number, string][] = [
    [{ relationships: space }, 10008, "Name must be a string"],
    [{ name: 3, relationships: space }, 10008, "Name must be a string"],
    [{ name: "", relationships: space }, 10008, "name presence, name format"],
    [{}, 10008, "Relationships 'relationships' is not an object, Name must be a string"],
    [
      { name: "x".repeat(256), relationships: space },
      10008,
      "Name is too long (maximum is 255 characters)",
    ],
    [
      { name: "a\u0000b", relationships: space },
      10008,
      "The request must not contain NUL characters",
    ],
    [{ name: "x" }, 10008, "Relationships 'relationships' is not an object"],
    [{ name: "x", relationships: { space: { data: {} } } }, 10008, structure],
    [
      { name: "x", relationships: space, guid: "mine", state: "STARTED" },
      10008,
      "Unknown field(s): 'guid', 'state'",
    ],
    [
      { name: "x", relationships: to("nowhere") },
      10008,
      "Invalid space. Ensure that the space exists and you have access to it.",
    ],
    [{ name: "TAKEN", relationships: space }, 10016, "App with the name 'TAKEN' already exists."],
    [
      { name: "x", relationships: space, environment_variables: { VCAP_X: "1" } },
      10008,
      "Environment variables cannot start with VCAP_",
    ],
    [
      { name: "x", relationships: space, lifecycle: { type: "vm", data: {} } },
      10008,
      "Lifecycle type is not included in the list: buildpack, docker, cnb",
    ],
    [
      {
        name: "x",
        relationships: space,
        lifecycle: { type: "buildpack", data: { buildpacks: [1] } },
      },
      10008,
      "Lifecycle Buildpacks can only contain strings",
    ],
    [
      {
        name: "x",
        relationships: space,
        lifecycle: { type: "buildpack", data: { stack: "nope" } },
      },
      10008,
      "Stack must be an existing stack",
    ],
    [
      {
        name: "x",
        relationships: space,
        lifecycle: { type: "buildpack", data: { buildpacks: ["nope"] } },
      },
      10008,
      'Buildpack "nope" for stack "cflinuxfs4" must be an existing admin buildpack or a valid git URI',
    ],
    [
      { name: "x", relationships: space, lifecycle: { type: "docker", data: {} } },
      330002,
      "Feature Disabled: diego_docker",
    ],
    [
      { name: "x", relationships: space, metadata: { labels: { "cloudfoundry.org/x": "1" } } },
      10008,
      "Metadata label key error: prefix 'cloudfoundry.org' is reserved",
    ],
    [
      { name: "x", relationships: space, metadata: { labels: { ["k".repeat(64)]: "1" } } },
      10008,
      "Metadata label key error: 'kkkkkkkk...' is greater than 63 characters",
    ],
  ];

  for (const [body, code, detail] of cases) {
    const answer = await admin.post("/v3/apps", body);
    assert.deepEqual(
      answer.json.errors?.map((error: { code: number; detail: string }) => [
        error.code,
        error.detail,
      ]),
      [[code, detail]],
      JSON.stringify(body).slice(0, 120),
    );
  }
  const apps = await admin.get("/v3/apps");
  assert.equal(apps.json.pagination.total_results, 1);
});

test("fifty creates of one name at once make one app", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);

  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      admin.post("/v3/apps", { name: "one", relationships: to(spaceGuid) }),
    ),
  );

  const statuses = answers.map((answer) => answer.status);
  assert.equal(statuses.filter((status) => status === 201).length, 1);
  assert.equal(statuses.filter((status) => status === 422).length, 49);
});

test("bodies: empty counts as {}, malformed JSON is 1001, size and depth are bounded", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const nested = `{"name":${"[".repeat(5000)}${"]".repeat(5000)}}`;
  const cases: [string, number, number][] = [
    ["{", 400, 1001],
    ["null", 400, 1001],
    ["[]", 400, 1001],
    ['"x"', 400, 1001],
    [nested, 400, 1001],
    [`{"name":"${"x".repeat(1_100_000)}"}`, 413, 1004],
    ["", 422, 10008],
    ['{"__proto__":{"admin":true},"name":"x"}', 422, 10008],
  ];
  for (const [body, status, code] of cases) {
    const answer = await admin.send("POST", "/v3/apps", body);
    assert.equal(answer.status, status, body.slice(0, 40));
    assert.equal(answer.json.errors[0].code, code, body.slice(0, 40));
  }
  const text = await admin.send("POST", "/v3/apps", "name=x", { "content-type": "text/plain" });
  assert.equal(text.status, 400);
});

test("environment variables are merged, null removes one, and only strings are taken", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createApp("env");
  const path = `/v3/apps/${guid}/environment_variables`;

  await developer.caller.patch(path, { var: { A: "1", B: "2" } });
  const merged = await developer.caller.patch(path, { var: { A: null, C: "3" } });
  const wrong = await developer.caller.patch(path, { var: { D: 4 } });
  const port = await developer.caller.patch(path, { var: { PORT: "80" } });

  assert.deepEqual(merged.json.var, { B: "2", C: "3" });
  assert.equal(
    wrong.json.errors[0].detail,
    "Non-string value in environment variable for key 'D', value '4'",
  );
  assert.equal(port.status, 422);
  const env = await developer.caller.get(`/v3/apps/${guid}/env`);
  assert.deepEqual(env.json.environment_variables, { B: "2", C: "3" });
  assert.deepEqual(env.json.system_env_json, { VCAP_SERVICES: {} });
  assert.equal(env.json.application_env_json.VCAP_APPLICATION.application_name, "env");
  assert.equal(env.json.application_env_json.VCAP_APPLICATION.space_name, "dev");
});

test("an app is listed by name without regard to case, paged with links that keep the filters", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  for (const name of ["b-app", "a-app", "c-app"]) await developer.createApp(name);
  const { caller } = developer;

  const byName = await caller.get("/v3/apps?names=B-APP,nope");
  const first = await caller.get("/v3/apps?order_by=-name&per_page=2&names=a-app,b-app,c-app");
  const second = await caller.get(
    new URL(first.json.pagination.next.href).pathname +
      new URL(first.json.pagination.next.href).search,
  );
  const included = await caller.get("/v3/apps?include=space.organization&per_page=1");

  const names = (answer: typeof first) =>
    answer.json.resources.map((app: { name: string }) => app.name);
  assert.deepEqual(names(byName), ["b-app"]);
  assert.deepEqual(names(first), ["c-app", "b-app"]);
  assert.deepEqual(names(second), ["a-app"]);
  assert.equal(second.json.pagination.next, null);
  assert.equal(first.json.pagination.total_pages, 2);
  assert.match(
    first.json.pagination.next.href,
    /\?names=a-app%2Cb-app%2Cc-app&order_by=-name&page=2&per_page=2$/,
  );
  assert.equal(included.json.included.spaces[0].name, "dev");
  assert.equal(included.json.included.organizations[0].name, "rivera");
});

test("a list query that is wrong is 400 with all that is wrong, and a page beyond the end is empty", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();

  const wrong = await admin.get("/v3/apps?page=0&include=moon&lifecycle_type=vm");
  const deep = await admin.get("/v3/apps?page=1000000000");

  assert.equal(wrong.status, 400);
  assert.deepEqual(wrong.json.errors, [
    {
      code: 10005,
      title: "CF-BadQueryParameter",
      detail:
        "The query parameter is invalid: Page must be a positive integer, Invalid included resource: 'moon'. Valid included resources are: 'space', 'org', 'space.organization', Invalid lifecycle_type: 'vm'",
    },
  ]);
  assert.deepEqual(deep.json.resources, []);
});

test("created_ats filters by whole seconds", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createApp("timed");
  const { created_at: at } = (await developer.caller.get(`/v3/apps/${guid}`)).json;
  const cases: [string, number][] = [
    [`created_ats=${at}`, 1],
    [`created_ats=2000-01-01T00:00:00Z,${at}`, 1],
    [`created_ats[gt]=${at}`, 0],
    [`created_ats[gte]=${at}`, 1],
    [`created_ats[lt]=${at}`, 0],
    [`created_ats[lte]=${at}`, 1],
  ];
  for (const [query, total] of cases) {
    const answer = await developer.caller.get(`/v3/apps?${query}`);
    assert.equal(answer.json.pagination?.total_results, total, query);
  }
});

test("start needs a droplet; features, permissions and ssh are told", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const guid = await developer.createApp("plain");

  const started = await caller.post(`/v3/apps/${guid}/actions/start`);
  const stopped = await caller.post(`/v3/apps/${guid}/actions/stop`);
  await caller.patch(`/v3/apps/${guid}/features/ssh`, { enabled: false });
  const ssh = await caller.get(`/v3/apps/${guid}/ssh_enabled`);
  await caller.patch(`/v3/apps/${guid}/features/service-binding-k8s`, { enabled: true });
  const both = await caller.patch(`/v3/apps/${guid}/features/file-based-vcap-services`, {
    enabled: true,
  });
  const unknown = await caller.get(`/v3/apps/${guid}/features/nope`);
  const features = await caller.get(`/v3/apps/${guid}/features`);

  assert.equal(started.status, 422);
  assert.equal(started.json.errors[0].detail, "Assign a droplet before starting this app.");
  assert.equal(stopped.json.state, "STOPPED");
  assert.deepEqual(ssh.json, { enabled: false, reason: "ssh is disabled for app" });
  assert.equal(both.status, 422);
  assert.equal(unknown.json.errors[0].detail, "Feature not found");
  const page = { href: `/v3/apps/${guid}/features` };
  assert.deepEqual(features.json.pagination, {
    total_results: 4,
    total_pages: 1,
    first: page,
    last: page,
    next: null,
    previous: null,
  });
  assert.deepEqual((await caller.get(`/v3/apps/${guid}/permissions`)).json, {
    read_basic_data: true,
    read_sensitive_data: true,
  });
});

test("DELETE /v3/apps/:guid ends in a job that leaves no app, process, mapping or label behind", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const guid = await developer.createApp("gone");
  const { spaceGuid } = await firstSpace(caller);
  const [domain] = (await caller.get("/v3/domains")).json.resources;
  const route = await caller.post("/v3/routes", {
    host: "gone",
    relationships: { ...to(spaceGuid), domain: { data: { guid: domain.guid } } },
  });
  await caller.post(`/v3/routes/${route.json.guid}/destinations`, {
    destinations: [{ app: { guid } }],
  });

  const accepted = await caller.delete(`/v3/apps/${guid}`);
  const job = await caller.job(accepted);

  assert.equal(accepted.status, 202);
  assert.equal(accepted.text, "");
  assert.equal(job.json.state, "COMPLETE", job.text);
  assert.equal(job.json.operation, "app.delete");
  assert.equal((await caller.get(`/v3/apps/${guid}`)).status, 404);
  assert.equal((await caller.get(`/v3/processes/${guid}`)).status, 404);
  const left = await caller.get(`/v3/routes/${route.json.guid}`);
  assert.deepEqual(left.json.destinations, []);
});

test("a restart gives each process a new version, and a second start none", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const guid = await developer.createApp("run");
  const droplet = await stagedDroplet(developer, guid);
  const version = async () => (await caller.get(`/v3/processes/${guid}`)).json.version;

  const assigned = await caller.patch(`/v3/apps/${guid}/relationships/current_droplet`, {
    data: { guid: droplet },
  });
  const before = await version();
  await caller.post(`/v3/apps/${guid}/actions/start`);
  const started = await version();
  await caller.post(`/v3/apps/${guid}/actions/start`);
  const again = await version();
  const restarted = await caller.post(`/v3/apps/${guid}/actions/restart`);

  assert.equal(assigned.status, 200, assigned.text);
  assert.equal(restarted.json.state, "STARTED");
  assert.notEqual(started, before);
  assert.equal(again, started);
  assert.notEqual(await version(), started);
  const types = (await caller.get(`/v3/apps/${guid}/processes`)).json.resources.map(
    (process: { type: string; instances: number }) => [process.type, process.instances],
  );
  assert.deepEqual(types, [
    ["web", 1],
    ["worker", 0],
  ]);
  const shown = await caller.get(`/v3/apps/${guid}/processes/worker`);
  assert.equal(shown.json.command, "node worker.js");
  const removed = await caller.patch(`/v3/apps/${guid}/relationships/current_droplet`, {
    data: null,
  });
  assert.equal(
    removed.json.errors[0].detail,
    "Current droplet cannot be removed. Replace it with a preferred droplet.",
  );
});

/** A droplet by upload, as `cf push --droplet` makes one. */
async function stagedDroplet(developer: Developer, appGuid: string): Promise<string> {
  const created = await developer.caller.post("/v3/droplets", {
    relationships: { app: { data: { guid: appGuid } } },
    process_types: { web: "node server.js", worker: "node worker.js" },
  });
  assert.equal(created.status, 201, created.text);
  const uploaded = await developer.upload(`/v3/droplets/${created.json.guid}/upload`, [
    { name: "bits", content: Buffer.from([0x1f, 0x8b, 8, 0]), filename: "droplet.tgz" },
  ]);
  assert.equal((await developer.caller.job(uploaded)).json.state, "COMPLETE");
  return created.json.guid;
}
