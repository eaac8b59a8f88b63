import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { readExposition } from "#kernel/metrics/read-exposition.ts";
import { appFolder, type AppFolder } from "../support/app-folder.ts";
import { loggedIn, type Api } from "../support/api.ts";
import {
  startRecordingProxy,
  type RecordedRequest,
  type RecordingProxy,
} from "../support/recording-proxy.ts";
import { eventually, runCli, TestPlatform, type CliResult } from "../support/test-platform.ts";

// The mission, step by step, on examples/node-hello pushed twice by our own client: each test shows the thing itself.
// The tests of this file tell one story and build on the pushes of `before`.

const example = path.resolve(import.meta.dirname, "../../examples/node-hello");

let platform: TestPlatform;
let proxy: RecordingProxy;
let api: Api;
let folder: AppFolder;
let first: { readonly result: CliResult; readonly requests: readonly RecordedRequest[] };
let second: typeof first;
let appGuid: string;

before(async () => {
  platform = await TestPlatform.start();
  proxy = await startRecordingProxy(platform.addresses.api);
  api = await loggedIn(platform.addresses);
  const { username, password } = platform.addresses.admin;
  const login = await platform.rivera(["login", "-a", proxy.url, "-u", username, "-p", password]);
  assert.equal(login.status, 0, login.stdout + login.stderr);
  folder = appFolder({});
  cpSync(example, folder.path, { recursive: true });
  folder.write("notes/big.txt", "a line of notes\n".repeat(20_000));
  first = await push();
  folder.write("notes/changed.txt", "one new line\n");
  second = await push();
  const apps = await api("GET", "/v3/apps?names=node-hello");
  appGuid = apps.json.resources[0].guid;
});

after(async () => {
  folder?.[Symbol.dispose]();
  await proxy?.[Symbol.asyncDispose]();
  await platform?.[Symbol.asyncDispose]();
});

async function push(): Promise<typeof first> {
  const from = proxy.requests.length;
  const result = await platform.rivera(["push"], { cwd: folder.path });
  assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}\n${platform.output}`);
  return { result, requests: proxy.requests.slice(from) };
}

function sent(
  requests: readonly RecordedRequest[],
  method: string,
  pattern: RegExp,
): RecordedRequest {
  const found = requests.find((r) => r.method === method && pattern.test(r.path));
  assert.ok(
    found,
    `${method} ${pattern} was not sent, but ${requests.map((r) => `${r.method} ${r.path}`).join(", ")}`,
  );
  return found;
}

function rows(database: string, sql: string, ...parameters: string[]): Record<string, unknown>[] {
  const db = new DatabaseSync(path.join(platform.dataDir, "db", database), { readOnly: true });
  try {
    return db.prepare(sql).all(...parameters);
  } finally {
    db.close();
  }
}

/** The rows of the BBS once there are `count` of them: what has ended leaves it a little later. */
function onlyRows(sql: string, count: number): Promise<Record<string, unknown>[]> {
  let found: Record<string, unknown>[] = [];
  return eventually(
    () => {
      found = rows("bbs.sqlite", sql);
      return found.length === count ? found : undefined;
    },
    { withinMs: 30_000, what: () => `${count} rows of: ${sql}, not ${JSON.stringify(found)}` },
  );
}

function blob(pattern: string): string {
  const found = globSync(path.join(platform.dataDir, "blobs", pattern));
  assert.equal(found.length, 1, `${pattern}: ${found.join(", ")}`);
  return found[0] ?? "";
}

async function zipNames(zip: Buffer): Promise<string[]> {
  const file = path.join(platform.dataDir, "wire.zip");
  writeFileSync(file, zip);
  const listing = await runCli("unzip", ["-Z1", file], { cwd: "/", env: {}, timeoutMs: 20_000 });
  return listing.stdout.trim().split("\n").sort();
}

/** The zip in a multipart body: from the first local header to the end of its closing record. */
function zipIn(body: Buffer): Buffer {
  const start = body.indexOf("PK\u0003\u0004", 0, "latin1");
  const end = body.lastIndexOf("PK\u0005\u0006", undefined, "latin1");
  assert.ok(start >= 0 && end > start, "the upload carries no zip");
  return body.subarray(start, end + 22);
}

test("step 1: push in the folder of the source code ends with the app's summary", () => {
  assert.match(first.result.stdout, /Pushing app node-hello to org rivera \/ space dev as admin/);
  assert.match(first.result.stdout, /requested state:\s+started/);
  assert.match(first.result.stdout, /#0\s+running/);
});

test("step 2: the client has Cloud Controller create a record before anything is uploaded", () => {
  const apply = sent(first.requests, "POST", /\/actions\/apply_manifest$/);
  const upload = sent(first.requests, "POST", /\/packages\/[^/]+\/upload$/);

  assert.equal(apply.status, 202);
  assert.match(apply.body.toString(), /name: node-hello/);
  assert.ok(first.requests.indexOf(apply) < first.requests.indexOf(upload));
});

test("step 3: Cloud Controller stores the app's metadata", async () => {
  const app = await api("GET", `/v3/apps/${appGuid}`);
  const process = await api("GET", `/v3/apps/${appGuid}/processes/web`);

  assert.equal(app.json.name, "node-hello");
  assert.equal(app.json.state, "STARTED");
  assert.equal(app.json.lifecycle.data.stack, "cflinuxfs4");
  assert.equal(process.json.instances, 1);
  assert.equal(process.json.memory_in_mb, 128);
  assert.equal(
    rows("cloud-controller.sqlite", "select name from apps where guid = ?", appGuid).length,
    1,
  );
});

test("step 4: the second push uploads only what the resource cache does not hold", async () => {
  const match = sent(second.requests, "POST", /resource_matches$/);
  const asked = JSON.parse(match.body.toString()).resources as { path: string }[];
  const firstUpload = sent(first.requests, "POST", /\/upload$/);
  const upload = sent(second.requests, "POST", /\/upload$/);

  const uploaded = (await zipNames(zipIn(upload.body))).filter((name) => !name.endsWith("/"));

  assert.ok(asked.length >= 4, "every file with content is asked for");
  assert.deepEqual(uploaded, ["notes/changed.txt"]);
  assert.ok(
    (await zipNames(zipIn(firstUpload.body))).includes("notes/big.txt"),
    "the first push uploads it all",
  );
  const [, named] = /name="resources"\r\n\r\n(.*)\r\n/.exec(upload.body.toString("latin1")) ?? [];
  assert.match(
    named ?? "",
    /^\[\{"reference":"[0-9a-f-]{36}"\}\]$/,
    "the match stands for its files",
  );
});

test("step 5: the package in the blobstore is the whole folder, uploaded and cached files combined", async () => {
  const packages = await api("GET", `/v3/packages?app_guids=${appGuid}&order_by=-created_at`);
  const [newest] = packages.json.resources;
  const file = blob(`cc-packages/**/${newest.guid}`);
  const content = readFileSync(file);

  const names = (await zipNames(content)).filter((name) => !name.endsWith("/"));

  assert.equal(newest.state, "READY");
  assert.equal(newest.data.checksum.value, createHash("sha256").update(content).digest("hex"));
  assert.ok(names.includes("notes/big.txt") && names.includes("notes/changed.txt"));
  assert.ok(names.includes("server.js") && names.includes("package-lock.json"));
});

test("step 6: the client stages, assigns the droplet and starts, in that order", () => {
  const build = sent(first.requests, "POST", /^\/v3\/builds$/);
  const assign = sent(first.requests, "PATCH", /relationships\/current_droplet$/);
  const start = sent(first.requests, "POST", /\/actions\/restart$/);
  const order = [build, assign, start].map((request) => first.requests.indexOf(request));

  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  assert.deepEqual([build.status, assign.status, start.status], [201, 200, 200]);
});

test("step 7: a cell runs the staging Task with the detected buildpack, the second time with its cache", () => {
  const output = first.result.stdout;

  assert.match(output, /Cell cell-1 creating container for instance/);
  assert.match(output, /Downloaded app package \(/);
  assert.match(output, /Downloading nodejs_buildpack\.\.\./);
  assert.doesNotMatch(output, /Downloaded build artifacts cache \(/);
  assert.match(second.result.stdout, /Downloaded build artifacts cache \(/);
});

test("step 8: the cell streams the output of staging, in order, to the developer", () => {
  const places = [
    "creating container",
    "Downloading app package",
    "Downloaded app package",
    "Exit status 0",
    "Uploading droplet",
    "Uploaded droplet",
    "Uploading complete",
  ].map((text) => first.result.stdout.indexOf(text));

  assert.ok(
    places.every((place) => place >= 0),
    first.result.stdout,
  );
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
});

test("step 9: the droplet is stored with its checksum and layout, and the buildpack cache beside it", async () => {
  const droplet = await api("GET", `/v3/apps/${appGuid}/droplets/current`);
  const file = blob(`cc-droplets/**/${droplet.json.guid}/*`);
  const listing = await runCli("tar", ["-tzf", file], { cwd: "/", env: {}, timeoutMs: 20_000 });
  const names = listing.stdout.split("\n");

  assert.equal(
    droplet.json.checksum.value,
    createHash("sha256").update(readFileSync(file)).digest("hex"),
  );
  for (const name of ["./app/server.js", "./staging_info.yml", "./logs/", "./tmp/", "./deps/0/"]) {
    assert.ok(names.includes(name), `${name} in ${names.slice(0, 40).join(" ")}`);
  }
  assert.ok(existsSync(blob(`cc-droplets/**/buildpack_cache/**/${appGuid}/cflinuxfs4`)));
});

test("step 10: the BBS reported the end of staging: the build is STAGED and its Task is gone", async () => {
  const builds = await api("GET", `/v3/apps/${appGuid}/builds`);

  assert.deepEqual(
    builds.json.resources.map((build: { state: string }) => build.state),
    ["STAGED", "STAGED"],
  );
  assert.equal(builds.json.resources[0].staging_memory_in_mb, 1024);
  await onlyRows("select task_guid from tasks", 0);
});

test("step 11: Diego runs the droplet as a Long Running Process on a cell, with its limits", async () => {
  // The instance that the second push stopped has up to 10 s to end, and its row until then.
  const actual = await onlyRows("select * from actual_lrps", 1);
  const answer = await platform.fetchApp("node-hello.apps.localhost");

  assert.equal(actual[0]?.["state"], "RUNNING");
  assert.equal(actual[0]?.["cell_id"], "cell-1");
  assert.equal(answer.status, 200);
  assert.match(answer.body, /Hello/);
  assert.deepEqual(memoryLimitsOf(String(actual[0]?.["instance_guid"])), [128 * 1024 * 1024]);
});

test("step 12: the cell reports the app's status", async () => {
  const stats = await eventually(
    async () => {
      const { json } = await api("GET", `/v3/apps/${appGuid}/processes/web/stats`);
      return json.resources[0]?.usage?.mem > 0 ? json.resources : undefined;
    },
    { withinMs: 40_000, what: () => "usage in the stats" },
  );

  assert.equal(stats.length, 1);
  assert.equal(stats[0].state, "RUNNING");
  assert.equal(stats[0].mem_quota, 128 * 1024 * 1024);
  assert.ok(stats[0].usage.mem < stats[0].mem_quota);
  assert.ok(stats[0].usage.disk > 0);
});

test("after the pushes the platform's metrics count them, and every component answers", async () => {
  const running =
    'rivera_cell_containers{cell="cell-1",component="cell",kind="lrp",state="running"}';
  const endpoints = 'rivera_router_endpoints{component="router"}';
  // The instance of the first push goes a little later than the second one comes.
  const samples = await eventually(
    async () => {
      const { stdout } = await platform.rivera(["curl", "/rivera/v1/metrics"]);
      const read = readExposition(stdout);
      return read.get(running) === 1 && read.get(endpoints) === 1 ? read : undefined;
    },
    { withinMs: 30_000, what: () => "one instance on the cell and in the router" },
  );
  const cc = 'component="cloud-controller"';

  assert.equal(samples.get(`rivera_stagings_total{${cc},reason="",result="staged"}`), 2);
  assert.equal(samples.get(`rivera_staging_duration_seconds_count{${cc},result="staged"}`), 2);
  assert.equal(
    samples.get(`rivera_staging_phase_duration_seconds_count{${cc},phase="finalize"}`),
    2,
  );
  assert.equal(
    samples.get(`rivera_http_requests_total{code="201",${cc},method="POST",route="/v3/builds"}`),
    2,
  );
  const up = [...samples].filter(([name]) => name.startsWith("rivera_component_up{"));
  assert.equal(up.length, 7);
  assert.deepEqual(
    up.filter(([, value]) => value !== 1),
    [],
  );
});

/** What the kernel enforces on a container, on either version of cgroups. */
function memoryLimitsOf(instanceGuid: string): number[] {
  const files = globSync([
    `/sys/fs/cgroup/memory/rivera/*${instanceGuid}*/memory.limit_in_bytes`,
    `/sys/fs/cgroup/rivera/*${instanceGuid}*/memory.max`,
  ]);
  return files.map((file) => Number(readFileSync(file, "utf8")));
}
