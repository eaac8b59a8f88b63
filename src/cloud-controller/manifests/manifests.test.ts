import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController, type Answer, type Caller } from "../testing/test-cloud-controller.ts";

const yaml = { "content-type": "application/x-yaml" };

test("apply_manifest makes the app, its processes, environment and routes, and GET gives it back", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);

  const job = await apply(`
version: 1
applications:
- name: hello
  path: /home/me/hello
  memory: 256M
  disk-quota: 512MB
  instances: "2"
  log-rate-limit-per-second: 16K
  default-route: true
  timeout: "90"
  health-check-type: http
  health-check-http-endpoint: /ok
  env: {A: 1, B: true, C: text}
  metadata: {labels: {tier: web, version: 2, stable: true}, annotations: {build: 1.10}}
  processes:
  - type: worker
    command: node worker.js
    instances: 1
`);

  assert.equal(job.json.state, "COMPLETE", job.text);
  const [app] = (await admin.get("/v3/apps?names=hello")).json.resources;
  assert.deepEqual(app.metadata, {
    labels: { tier: "web", version: "2", stable: "true" },
    annotations: { build: "1.10" },
  });
  const web = (await admin.get(`/v3/apps/${app.guid}/processes/web`)).json;
  assert.equal(web.guid, app.guid);
  assert.deepEqual(
    [web.instances, web.memory_in_mb, web.disk_in_mb, web.log_rate_limit_in_bytes_per_second],
    [2, 256, 512, 16384],
  );
  assert.deepEqual(web.health_check, {
    type: "http",
    data: { timeout: 90, invocation_timeout: null, interval: null, endpoint: "/ok" },
  });
  const worker = (await admin.get(`/v3/apps/${app.guid}/processes/worker`)).json;
  assert.equal(worker.command, "node worker.js");
  const variables = await admin.get(`/v3/apps/${app.guid}/environment_variables`);
  assert.deepEqual(variables.json.var, { A: "1", B: "true", C: "text" });
  const routes = await admin.get(`/v3/apps/${app.guid}/routes`);
  assert.deepEqual(
    routes.json.resources.map((route: { url: string }) => route.url),
    ["hello.apps.localhost"],
  );
  const manifest = await admin.get(`/v3/apps/${app.guid}/manifest`);
  assert.match(String(manifest.headers["content-type"]), /^application\/x-yaml/);
  assert.match(
    manifest.text,
    /- route: hello\.apps\.localhost\n +protocol: http1\n +options: \{\}\n/,
  );
  const again = await apply(manifest.text);
  assert.equal(again.json.state, "COMPLETE", again.text);
  assert.equal((await admin.get(`/v3/apps/${app.guid}/manifest`)).text, manifest.text);
  const created = cc.logLines.filter(({ payload }) => String(payload).startsWith("Created app"));
  assert.deepEqual(
    created.map(({ sourceId, sourceType, payload }) => [sourceId, sourceType, payload]),
    [[app.guid, "API", `Created app with guid ${app.guid}`]],
  );
});

test("routes of a manifest are added, random ones only to an app without any, no-route takes all away", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);
  const urls = async () => {
    const [app] = (await admin.get("/v3/apps?names=a")).json.resources;
    const routes = await admin.get(`/v3/apps/${app.guid}/routes`);
    return routes.json.resources.map((route: { url: string }) => route.url);
  };

  await apply("applications:\n- name: a\n  routes:\n  - route: One.apps.localhost/path\n");
  await apply(
    "applications:\n- name: a\n  routes:\n  - route: two.apps.localhost\n    protocol: http2\n",
  );
  await apply("applications:\n- name: a\n  routes:\n  - route: oNE.Apps.localhost/path\n");
  await apply("applications:\n- name: a\n  random-route: true\n");
  assert.deepEqual(await urls(), ["One.apps.localhost/path", "two.apps.localhost"]);

  await apply("applications:\n- name: a\n  no-route: true\n");
  assert.deepEqual(await urls(), []);
  await apply("applications:\n- name: a\n  random-route: true\n");
  const [random] = await urls();
  assert.match(random, /^a-[a-z]+-[a-z]+-[a-z]{2}\.apps\.localhost$/);
});

test("manifests that are wrong are refused, every fault of every app at once", async () => {
  await using cc = await TestCloudController.start();
  const { admin, spaceGuid } = await setting(cc);
  const laughs = Array.from({ length: 9 }, (_, n) =>
    n === 0
      ? "a0: &a0 [x]"
      : `a${n}: &a${n} [${Array(9)
          .fill(`*a${n - 1}`)
          .join(",")}]`,
  ).join("\n");
  const parse = /Request invalid due to parse error: invalid request body/;
  const cases: [string, number, RegExp][] = [
    [`${laughs}\napplications: [{name: a}]`, 400, /does not support Anchors and Aliases/],
    ["applications: &a [*a]", 400, /Anchors and Aliases|parse error/],
    [`applications: [{name: a}]\n#${"x".repeat(1024 * 1024)}`, 400, /1MB/],
    [`applications: ${"[".repeat(10_000)}`, 400, parse],
    [`applications: ${"- ".repeat(10_000)}x`, 400, parse],
    ["applications: [{name: !!js/function 'x'}]", 400, parse],
    ["applications: [{name: a, name: b}]", 400, parse],
    ["applications: [{name: a}]\n---\napplications: []", 400, parse],
    ["", 400, parse],
    ["just text", 400, parse],
    ["- a", 400, parse],
    ["applications:\n\t- name: a", 400, parse],
    ['applications: [{name: "a\\0"}]', 422, /NUL/],
    ["version: 2\napplications: [{name: a}]", 422, /Unsupported manifest schema version/],
    ["other: 1", 422, /^Cannot parse manifest with no 'applications' field\.$/],
    ["applications: []", 422, /^Cannot parse manifest with no 'applications' field\.$/],
    ["applications: {a: b}", 422, /must be an array/],
    [`applications: [${"{name: a},".repeat(1001)}]`, 422, /at most 1000 applications/],
  ];
  for (const [text, status, detail] of cases) {
    const answer = await send(admin, spaceGuid, text);
    assert.equal(answer.status, status, `${text.slice(0, 80)}: ${answer.text.slice(0, 200)}`);
    assert.match(answer.json.errors[0].detail, detail);
  }
  const wrongType = await admin.post(`/v3/spaces/${spaceGuid}/actions/apply_manifest`, {});
  assert.equal(wrongType.json.errors[0].detail, "Bad request: Content-Type must be yaml");
  assert.equal((await admin.get("/v3/apps")).json.pagination.total_results, 0);
});

test("what is wrong with an app is told in Cloud Controller's words, each fault an entry", async () => {
  await using cc = await TestCloudController.start();
  const { admin, spaceGuid } = await setting(cc);
  const units = "must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB";
  const loads = "Valid values are: 'round-robin, least-connection'";
  const features =
    "Features must be a map of valid feature names to booleans (true = enabled, false = disabled)";
  const cases: [string, string[]][] = [
    ["memory: 1X", [`Process "web": Memory ${units}`]],
    ["memory: 512", [`Process "web": Memory ${units}`]],
    ["memory: big", ['Process "web": Memory is not a number']],
    ["memory: -1G", ['Process "web": Memory must be greater than 0MB']],
    ["memory: 1K", ['Process "web": Memory must be greater than 0MB']],
    ["memory: 99999999T", ['Process "web": Memory must be less than or equal to 2147483647MB']],
    ["disk-quota: 0M", ['Process "web": Disk quota must be greater than 0MB']],
    ["log-rate-limit-per-second: 7", [`Process "web": Log rate limit per second ${units}`]],
    [
      "log-rate-limit-per-second: -2B",
      ['Process "web": Log rate limit must be an integer greater than or equal to -1'],
    ],
    ["instances: -1", ['Process "web": Instances must be greater than or equal to 0']],
    ["instances: 1.5", ['Process "web": Instances must be an integer']],
    ["instances: three", ['Process "web": Instances is not a number']],
    ["instances: .inf", ['Process "web": Instances is not a number']],
    ["instances: 1e9", ['Process "web": Instances must be less than or equal to 5000']],
    ["command: ''", ['Process "web": Command must be between 1 and 4096 characters']],
    ["command: true", ['Process "web": Command must be a string']],
    ["timeout: 0", ['Process "web": Timeout must be greater than or equal to 1']],
    [
      "health-check-type: ftp",
      ['Process "web": Health check type must be "port", "process", or "http"'],
    ],
    [
      "health-check-type: port, health-check-http-endpoint: /x",
      ['Process "web": Health check type must be "http" to set a health check HTTP endpoint'],
    ],
    [
      "readiness-health-check-type: http, readiness-health-check-http-endpoint: x",
      ['Process "web": Readiness health check http endpoint must be a valid URI path'],
    ],
    [
      "readiness-health-check-interval: 0, health-check-invocation-timeout: soon",
      [
        'Process "web": Health check invocation timeout is not a number',
        'Process "web": Readiness health check interval must be greater than or equal to 1',
      ],
    ],
    ["processes: web", ["Processes must be an array of process configurations"]],
    ["processes: [{memory: 1G}]", ["All Processes must specify a type"]],
    ["processes: [{type: w}, {type: w}]", ['Process "w" may only be present once']],
    ["processes: [{type: w, memory: 1}]", [`Process "w": Memory ${units}`]],
    ["env: [A]", ["Env must be an object of keys and values"]],
    ["env: {VCAP_X: y}", ["Env cannot start with VCAP_"]],
    ["env: {L: [1]}", ["Non-string value in environment variable for key 'L', value '[1]'"]],
    ["buildpack: x, buildpacks: [y]", ["Buildpack and Buildpacks fields cannot be used together."]],
    ["buildpacks: [7]", ["Buildpacks can only contain strings"]],
    ["buildpack: 7", ["Buildpack must be a string"]],
    ["stack: 7", ["Stack must be a string"]],
    ["docker: {image: x}", ["Feature Disabled: diego_docker"]],
    [
      "docker: {image: x}, buildpack: y",
      ["Feature Disabled: diego_docker", "Cannot specify both buildpack(s) and docker keys"],
    ],
    ["lifecycle: cnb", ["Feature Disabled: diego_cnb"]],
    ["features: {flying: true}", [features]],
    ["features: {ssh: yes please}", [features]],
    ["services: db", ["Services must be a list of service instances"]],
    ["services: [{name: db, colour: red}]", ["Services must be a list of service instances"]],
    ["sidecars: {name: s}", ["Sidecars must be an array of sidecar configurations"]],
    [
      "sidecars: [{name: s, process_types: [web]}]",
      ['Sidecar "s": Command can\'t be blank', 'Sidecar "s": Command must be a string'],
    ],
    ["metadata: {labels: {'a/b/c': x}}", ["Metadata label key error: key has more than one '/'"]],
    ["routes: {route: a.b}", ["Routes must be a list of route objects"]],
    ["routes: [a.b]", ["Routes must be a list of route objects"]],
    ["routes: [{route: 'http://'}]", ["The route 'http://' is not a properly formed URL"]],
    ["routes: [{route: a..b}]", ["The route 'a..b' is not a properly formed URL"]],
    ["routes: [{route: x.com/../y}]", ["The route 'x.com/../y' is not a properly formed URL"]],
    [
      "routes: [{route: a.b, protocol: spdy}]",
      ["Route protocol must be 'http1', 'http2' or 'tcp'."],
    ],
    ["routes: [{route: a.b, options: fast}]", ["Route 'a.b': options must be an object"]],
    [
      "routes: [{route: a.b, options: {speed: 9}}]",
      ["Route 'a.b' contains invalid route option 'speed'. Valid keys: 'loadbalancing'"],
    ],
    [
      "routes: [{route: a.b, options: {loadbalancing: dice}}]",
      [`Cannot use loadbalancing value 'dice' for Route 'a.b'; ${loads}`],
    ],
    [
      "routes: [{route: a.b, options: {loadbalancing: 7}}]",
      [`Invalid value for 'loadbalancing' for Route 'a.b'; ${loads}`],
    ],
    ["no-route: maybe", ["No-route must be a boolean"]],
    [
      "random-route: true, default-route: true",
      ["Random-route and default-route may not be used together"],
    ],
  ];
  for (const [keys, details] of cases) {
    const answer = await send(admin, spaceGuid, `applications: [{name: a, ${keys}}]`);
    assert.equal(answer.status, 422, `${keys}: ${answer.text}`);
    assert.deepEqual(
      answer.json.errors.map(({ detail }: { detail: string }) => detail),
      details.map((detail) => `For application 'a': ${detail}`),
      keys,
    );
  }
  const nameless = await send(admin, spaceGuid, "applications: [{name: b}, {memory: 1X}]");
  assert.deepEqual(
    nameless.json.errors.map(({ detail }: { detail: string }) => detail),
    [
      "For application at index 1: Name must not be empty",
      "For application at index 1: Name must be a string",
      `For application at index 1: Process "web": Memory ${units}`,
    ],
  );
  const [stack, twins] = [
    await send(admin, spaceGuid, "applications: [{name: a, stack: nope}]"),
    await send(admin, spaceGuid, "applications: [{name: a}, {name: A}]"),
  ];
  assert.match(
    stack.json.errors[0].detail,
    /^For application 'a': Stack must be an existing stack$/,
  );
  assert.match(twins.json.errors[0].detail, /Name must be unique/);
  assert.equal((await admin.get("/v3/apps")).json.pagination.total_results, 0);
});

test("routes that fail in the job name the route, and none of the manifest's is mapped", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);
  const cases = [
    ["x.nowhere.test", "No domains exist for route x.nowhere.test"],
    ["a.b.apps.localhost", "No domains exist for route a.b.apps.localhost"],
    [
      "apps.localhost",
      "For route 'apps.localhost': Missing host. Routes in shared domains must have a host defined.",
    ],
    [
      "x.apps.localhost:99",
      "For route 'x.apps.localhost:99': Routes with protocol 'http' do not support ports.",
    ],
    ["x.apps.localhost/", "For route 'x.apps.localhost/': Path cannot be a single '/'."],
  ];
  for (const [route, detail] of cases) {
    const job = await apply(
      `applications: [{name: a, routes: [{route: good.apps.localhost}, {route: '${route}'}]}]`,
    );
    assert.equal(job.json.errors[0].detail, `For application 'a': ${detail}`);
  }
  const tcp = await apply(
    "applications: [{name: a, routes: [{route: x.apps.localhost, protocol: tcp}]}]",
  );
  assert.equal(
    tcp.json.errors[0].detail,
    "For application 'a': For route 'x.apps.localhost': Cannot use 'tcp' protocol for http routes; valid options are: [http1, http2].",
  );
  assert.deepEqual((await admin.get("/v3/routes")).json.resources, []);
});

test("a manifest changes protocol and options of a route, and makes and changes sidecars", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);
  const manifest = (route: string, sidecar: string) =>
    apply(
      `applications: [{name: a, routes: [{route: x.apps.localhost, ${route}}], sidecars: [{name: s, process_types: [web], ${sidecar}}]}]`,
    );

  await manifest("protocol: http1", "command: one, memory: 64M");
  const job = await manifest(
    "protocol: http2, options: {loadbalancing: least-connection}",
    "command: two",
  );

  assert.equal(job.json.state, "COMPLETE", job.text);
  const [route] = (await admin.get("/v3/routes")).json.resources;
  assert.deepEqual(route.options, { loadbalancing: "least-connection" });
  assert.equal(route.destinations[0].protocol, "http2");
  const [app] = (await admin.get("/v3/apps?names=a")).json.resources;
  const [sidecar] = (await admin.get(`/v3/apps/${app.guid}/sidecars`)).json.resources;
  assert.deepEqual([sidecar.command, sidecar.memory_in_mb], ["two", 64]);
});

test("values of variables are kept as they are written where a number would lose something", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);

  await apply(
    "applications: [{name: a, env: {ONE: 1.0, TEN: 1.10, BIG: 12345678901234567890, NO: no, NIL: null, MODE: 0755, V: ((secret))}}]",
  );

  const [app] = (await admin.get("/v3/apps?names=a")).json.resources;
  const { var: variables } = (await admin.get(`/v3/apps/${app.guid}/environment_variables`)).json;
  assert.deepEqual(variables, {
    ONE: "1.0",
    TEN: "1.10",
    BIG: "12345678901234567890",
    NO: "no",
    NIL: "",
    MODE: "755",
    V: "((secret))",
  });
});

test("the audit event of a manifest has what was asked, but no secret of it", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);

  await apply("applications: [{name: a, memory: 64M, env: {TOKEN: hunter2}}]");

  const events = await admin.get("/v3/audit_events?types=audit.app.apply_manifest");
  const { manifest } = events.json.resources[0].data.request;
  assert.match(manifest, /memory: 64M/);
  assert.match(manifest, /PRIVATE DATA HIDDEN/);
  assert.doesNotMatch(manifest, /hunter2/);
});

test("a manifest with a key like __proto__ or an unknown one changes nothing else", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);

  const job = await apply(
    "applications:\n- name: a\n  __proto__: {memory: 1X}\n  unknown: 1\n  env: {__proto__: x, K: v}\n",
  );

  assert.equal(job.json.state, "COMPLETE", job.text);
  const [app] = (await admin.get("/v3/apps?names=a")).json.resources;
  const variables = await admin.get(`/v3/apps/${app.guid}/environment_variables`);
  assert.deepEqual(variables.json.var, { K: "v" });
  assert.equal((await admin.get(`/v3/processes/${app.guid}`)).json.memory_in_mb, 1024);
});

test("a job that fails names the app, and earlier apps stay applied", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);

  const job = await apply(
    "applications:\n- name: first\n  memory: 64M\n- name: second\n  services: [db]\n",
  );
  const unknownDomain = await apply(
    "applications: [{name: third, routes: [{route: x.nowhere.test}]}]",
  );

  assert.equal(job.json.state, "FAILED");
  assert.equal(
    job.json.errors[0].detail,
    "For application 'second': Service instance 'db' not found",
  );
  assert.equal(
    unknownDomain.json.errors[0].detail,
    "For application 'third': No domains exist for route x.nowhere.test",
  );
  const [first] = (await admin.get("/v3/apps?names=first")).json.resources;
  assert.equal((await admin.get(`/v3/processes/${first.guid}`)).json.memory_in_mb, 64);
});

test("manifest_diff tells what would change, by the keys as they are written", async () => {
  await using cc = await TestCloudController.start();
  const { admin, spaceGuid, apply } = await setting(cc);
  const diff = async (text: string) =>
    (await send(admin, spaceGuid, text, "manifest_diff")).json.diff;

  const fresh = await diff("applications: [{name: a, memory: 1G}]");
  await apply("applications: [{name: a, memory: 1G, env: {K: old}, command: run}]");
  const same = await diff("applications: [{name: a, memory: 1024M, env: {K: old}}]");
  const changed = await diff(
    "applications: [{name: a, memory: 2G, disk-quota: 512M, env: {K: new, L: 1}, processes: [{type: web, instances: 3}], path: /x, default-route: true}]",
  );

  assert.deepEqual(fresh, [
    { op: "add", path: "/applications/0/name", value: "a" },
    { op: "add", path: "/applications/0/memory", value: "1024M" },
  ]);
  assert.deepEqual(same, []);
  assert.deepEqual(changed, [
    { op: "replace", path: "/applications/0/memory", was: "1024M", value: "2048M" },
    { op: "replace", path: "/applications/0/disk-quota", was: "1024M", value: "512M" },
    { op: "replace", path: "/applications/0/env/K", was: "old", value: "new" },
    { op: "add", path: "/applications/0/env/L", value: 1 },
    { op: "replace", path: "/applications/0/processes/0/instances", was: 1, value: 3 },
  ]);
});

async function setting(cc: TestCloudController) {
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);
  return {
    admin,
    spaceGuid,
    /** Applies and follows the job. */
    apply: async (text: string) => await admin.job(await send(admin, spaceGuid, text)),
  };
}

async function send(
  caller: Caller,
  spaceGuid: string,
  text: string,
  action = "actions/apply_manifest",
): Promise<Answer> {
  return await caller.send("POST", `/v3/spaces/${spaceGuid}/${action}`, text, yaml);
}
