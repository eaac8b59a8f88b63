import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { loggedIn, type Api } from "../support/api.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

let platform: TestPlatform;
let api: Api;

before(async () => {
  using settings = appFolder({ "rivera.yml": "logging: { level: debug }\n" });
  const flags = ["--config", `${settings.path}/rivera.yml`];
  platform = await TestPlatform.start({ cells: 2, flags });
  api = await loggedIn(platform.addresses);
  assert.equal((await platform.rivera(["login"])).status, 0);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

async function push(name: string, args: string[], files = nodeServer(name)): Promise<string> {
  using folder = appFolder(files);
  const result = await platform.rivera(["push", name, "-m", "64M", ...args], { cwd: folder.path });
  assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  const { json } = await api("GET", `/v3/apps?names=${name}`);
  return json.resources[0].guid;
}

async function statsOf(guid: string): Promise<{ state: string; host: string; index: number }[]> {
  return (await api("GET", `/v3/apps/${guid}/processes/web/stats`)).json.resources;
}

async function running(guid: string, count: number): Promise<void> {
  await eventually(
    async () => {
      const stats = await statsOf(guid);
      const up = stats.filter((instance) => instance.state === "RUNNING");
      return stats.length === count && up.length === count ? true : undefined;
    },
    { withinMs: 60_000, what: () => `${count} instances to run` },
  );
}

test("instances of an app are spread over the cells, and all of them get requests", async () => {
  const guid = await push("spread", ["-i", "4"]);
  await running(guid, 4);

  const seen = new Map<string, number>();
  const bodies = new Set<string>();
  for (let request = 0; request < 24; request += 1) {
    bodies.add((await platform.fetchApp("spread.apps.localhost")).body);
  }
  const recent = await platform.rivera(["logs", "spread", "--recent"]);
  for (const [, cell = ""] of recent.stdout.matchAll(
    /Cell (cell-\d) successfully created container for instance/g,
  )) {
    seen.set(cell, (seen.get(cell) ?? 0) + 1);
  }

  assert.deepEqual([...bodies].sort(), ["spread 0", "spread 1", "spread 2", "spread 3"]);
  assert.ok((seen.get("cell-1") ?? 0) >= 2 && (seen.get("cell-2") ?? 0) >= 2, recent.stdout);
});

test("scale acts at once, up and down", async () => {
  const guid = await push("scaled", []);

  assert.equal((await platform.rivera(["scale", "scaled", "-i", "3"])).status, 0);
  await running(guid, 3);
  assert.equal((await platform.rivera(["scale", "scaled", "-i", "1"])).status, 0);
  await running(guid, 1);
});

test("all that a request causes, down to the container, stands in the platform's log under its id", async () => {
  const guid = await push("traced", []);

  const scaled = await api("POST", `/v3/processes/${guid}/actions/scale`, { instances: 2 });
  const id = scaled.headers.get("x-vcap-request-id");
  await running(guid, 2);

  assert.equal(scaled.status, 202);
  assert.match(id ?? "", /^[\w-]{36}$/);
  const log = readFileSync(path.join(platform.dataDir, "logs/platform.log"), "utf8");
  const caused = log
    .split("\n")
    .filter((line) => line.includes(`"requestId":"${id}"`))
    .map((line): { session: string; msg: string } => JSON.parse(line));
  assert.deepEqual(
    [...new Set(caused.map(({ session }) => session.replace(/\..*/, "")))].sort(),
    ["auctioneer", "bbs", "cloud-controller", "rep"],
    JSON.stringify(caused),
  );
  assert.ok(caused.some(({ msg }) => msg === "container-running"));
});

test("an instance that exits is restarted, and the crash becomes two audit events and a log line", async () => {
  const guid = await push("fragile", []);

  await platform.fetchApp("fragile.apps.localhost", "/crash");

  const types = await eventually(
    async () => {
      const { json } = await api("GET", `/v3/audit_events?target_guids=${guid}`);
      const found: string[] = json.resources.map((event: { type: string }) => event.type);
      return found.includes("app.crash") && found.includes("audit.app.process.crash")
        ? found
        : undefined;
    },
    { withinMs: 30_000, what: () => "the audit events of a crash" },
  );
  assert.ok(types.length > 0);
  await running(guid, 1);
  const answer = await eventually(
    async () => {
      const { body } = await platform.fetchApp("fragile.apps.localhost");
      return body === "fragile 0" ? body : undefined;
    },
    { withinMs: 30_000, what: () => "the app to answer again" },
  );
  assert.equal(answer, "fragile 0");
  const recent = await platform.rivera(["logs", "fragile", "--recent"]);
  assert.match(recent.stdout, /\[APP\/PROC\/WEB\/0\]\s+OUT Exit status 7|Exited with status 7/);
});

test("output of the app, of the cell and of the router stand in the app's log", async () => {
  await push("chatty", []);
  await platform.fetchApp("chatty.apps.localhost", "/hello");

  const recent = await eventually(
    async () => {
      const { stdout } = await platform.rivera(["logs", "chatty", "--recent"]);
      return /\[RTR\/0\].*GET \/hello/.test(stdout) ? stdout : undefined;
    },
    { withinMs: 60_000, what: () => "the router's line" },
  );

  assert.match(recent, /\[APP\/PROC\/WEB\/0\]\s+OUT starting chatty/);
  assert.match(recent, /\[APP\/PROC\/WEB\/0\]\s+ERR on stderr/);
  assert.match(recent, /\[CELL\/0\]/);
  assert.match(recent, /\[API\/0\]/);
});

test("environment, start command and stop behave as everywhere", async () => {
  const guid = await push("settings", []);

  await platform.rivera(["set-env", "settings", "GREETING", "hello there"]);
  assert.equal((await platform.rivera(["restart", "settings"])).status, 0);
  const env = JSON.parse((await platform.fetchApp("settings.apps.localhost", "/env")).body);
  const vcap = JSON.parse(env.VCAP_APPLICATION);

  assert.equal(env.GREETING, "hello there");
  assert.equal(env.PORT, "8080");
  assert.equal(env.HOME, "/home/vcap/app");
  assert.equal(env.MEMORY_LIMIT, "64m");
  assert.equal(vcap.application_id, guid);
  assert.equal(vcap.instance_index, 0);
  assert.equal(vcap.limits.mem, 64);
  assert.equal(env.NODE_OPTIONS, undefined, "nothing of the platform's own environment leaks");

  assert.equal((await platform.rivera(["stop", "settings"])).status, 0);
  const gone = await eventually(
    async () => {
      const { status } = await platform.fetchApp("settings.apps.localhost");
      return status === 404 ? status : undefined;
    },
    { withinMs: 60_000, what: () => "a stopped app's route to answer 404" },
  );
  assert.equal(gone, 404);
});

test("delete takes the app, its instances and its blobs away", async () => {
  const guid = await push("doomed", []);

  const result = await platform.rivera(["delete", "doomed", "-f", "-r"]);

  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.equal((await api("GET", `/v3/apps/${guid}`)).status, 404);
  const status = await eventually(
    async () => {
      const answer = await platform.fetchApp("doomed.apps.localhost");
      return answer.status === 404 ? 404 : undefined;
    },
    { withinMs: 60_000, what: () => "the route to be gone" },
  );
  assert.equal(status, 404);
});

test("a folder with a Procfile of any language runs: the worker beside the web process too", async () => {
  const guid = await push("shellish", [], {
    Procfile: 'web: perl server.pl\nworker: echo "port $PORT"; exec sleep 3600\n',
    "server.pl": `
use IO::Socket::INET; $| = 1;
my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die $!;
while (my $c = $s->accept) { while (my $l = <$c>) { last if $l =~ /^\\r?$/ } print $c "HTTP/1.0 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nperl!"; close $c }
`,
  });

  assert.equal((await platform.fetchApp("shellish.apps.localhost")).body, "perl!");
  const { json } = await api("GET", `/v3/apps/${guid}/processes`);
  const types = json.resources.map((p: { type: string; instances: number }) => [
    p.type,
    p.instances,
  ]);
  assert.deepEqual(types.toSorted(), [
    ["web", 1],
    ["worker", 0],
  ]);

  await api("POST", `/v3/apps/${guid}/processes/worker/actions/scale`, { instances: 1 });
  const worker = await eventually(
    async () => {
      const { json: stats } = await api("GET", `/v3/apps/${guid}/processes/worker/stats`);
      const [instance] = stats.resources;
      return instance?.state === "RUNNING" ? instance : undefined;
    },
    { withinMs: 60_000, what: () => "the worker to run" },
  );
  assert.equal(worker.instance_ports[0].internal, 8080);
  const said = new RegExp(`PROC/WORKER/0\\]\\s+OUT port ${worker.instance_ports[0].external}\\n`);
  await eventually(
    async () => {
      const { stdout } = await platform.rivera(["logs", "shellish", "--recent"]);
      return said.test(stdout) ? true : undefined;
    },
    { withinMs: 20_000, what: () => `a line like ${said}` },
  );
});
