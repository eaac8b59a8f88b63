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
  instances: 2
  log-rate-limit-per-second: 16K
  default-route: true
  timeout: 90
  health-check-type: http
  health-check-http-endpoint: /ok
  env: {A: 1, B: true, C: text}
  metadata: {labels: {tier: web}}
  processes:
  - type: web
    disk_quota: 1G
  - type: worker
    command: node worker.js
    instances: 1
`);

  assert.equal(job.json.state, "COMPLETE", job.text);
  const [app] = (await admin.get("/v3/apps?names=hello")).json.resources;
  assert.deepEqual(app.metadata.labels, { tier: "web" });
  const web = (await admin.get(`/v3/apps/${app.guid}/processes/web`)).json;
  assert.equal(web.guid, app.guid);
  assert.deepEqual(
    [web.instances, web.memory_in_mb, web.disk_in_mb, web.log_rate_limit_in_bytes_per_second],
    [2, 256, 1024, 16384],
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
  const again = await apply(manifest.text);
  assert.equal(again.json.state, "COMPLETE", again.text);
  assert.equal((await admin.get(`/v3/apps/${app.guid}/manifest`)).text, manifest.text);
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
  await apply("applications:\n- name: a\n  random-route: true\n");
  assert.deepEqual(await urls(), ["one.apps.localhost/path", "two.apps.localhost"]);

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
    ["applications: []", 422, /must be an array/],
    ["applications: [{memory: 1G}]", 422, /^For application at index 0: Name must be a string$/],
    ["applications: [{name: a}, {name: A}]", 422, /Name must be unique/],
    [
      "applications: [{name: a, memory: 1X}]",
      422,
      /^For application 'a': Memory must use a supported unit/,
    ],
    ["applications: [{name: a, memory: 512}]", 422, /Memory must use a supported unit/],
    ["applications: [{name: a, memory: -1G}]", 422, /Memory must use a supported unit/],
    [
      "applications: [{name: a, instances: -1}]",
      422,
      /Instances must be greater than or equal to 0/,
    ],
    [
      "applications: [{name: a, instances: 1e9}]",
      422,
      /Instances must be less than or equal to 5000/,
    ],
    ["applications: [{name: a, instances: .inf}]", 422, /Instances is not a number/],
    [
      "applications: [{name: a, env: {L: [1]}}]",
      422,
      /Non-string value in environment variable for key 'L'/,
    ],
    ["applications: [{name: a, routes: [{route: 'http://'}]}]", 422, /not a properly formed URL/],
    ["applications: [{name: a, routes: [{route: a..b}]}]", 422, /not a properly formed URL/],
    ["applications: [{name: a, routes: [{route: x.com/../y}]}]", 422, /not a properly formed URL/],
    ["applications: [{name: a, routes: [{route: 'https://x.com:99'}]}]", 422, /not a properly/],
    ["applications: [{name: a, buildpack: x, buildpacks: [y]}]", 422, /cannot be used together/],
    [
      "applications: [{name: a, stack: nope}]",
      422,
      /^For application 'a': Stack must be an existing stack$/,
    ],
    [
      "applications: [{name: a, processes: [{memory: 1G}]}]",
      422,
      /All Processes must specify a type/,
    ],
    [
      "applications: [{name: a, processes: [{type: w, memory: 1}]}]",
      422,
      /^For application 'a': Process "w": Memory/,
    ],
    [
      "applications: [{name: a, routes: {route: a.b}}]",
      422,
      /Routes must be a list of route objects/,
    ],
    ["applications: [{name: a, metadata: {labels: {'a/b/c': x}}}]", 422, /more than one '\/'/],
  ];
  for (const [text, status, detail] of cases) {
    const answer = await send(admin, spaceGuid, text);
    assert.equal(answer.status, status, `${text.slice(0, 80)}: ${answer.text.slice(0, 200)}`);
    assert.match(answer.json.errors[0].detail, detail);
  }
  const both = await send(
    admin,
    spaceGuid,
    "applications: [{name: a, memory: 1X}, {name: b, memory: 2X}]",
  );
  assert.equal(both.json.errors.length, 2);
  const wrongType = await admin.post(`/v3/spaces/${spaceGuid}/actions/apply_manifest`, {});
  assert.equal(wrongType.json.errors[0].detail, "Bad request: Content-Type must be yaml");
  assert.equal((await admin.get("/v3/apps")).json.pagination.total_results, 0);
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
