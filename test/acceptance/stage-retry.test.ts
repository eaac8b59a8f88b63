import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { loggedIn, type Api } from "../support/api.ts";
import { appFolder, type AppFolder } from "../support/app-folder.ts";
import { answer } from "../support/stage-and-serve.ts";
import { eventually, TestPlatform, type CliResult } from "../support/test-platform.ts";

// A failed staging that goes on at the script that failed, in real containers: what the scripts before it left is there, what it
// left itself is not.

const script = (text: string) => `#!/bin/bash\nset -e\n${text}\n`;

/** Says that it runs, and leaves something in dependencies, app and cache. */
const first = {
  "bin/supply": script(
    'echo "the first buildpack runs"; echo once >>"$3/$4/runs"; echo once >>"$1/runs"; echo once >>"$2/runs"; mv "$1/lib" "$1/moved"',
  ),
  "bin/finalize": script("exit 9"),
};
/** Leaves half of its work and fails. */
const second = {
  "bin/supply": script(
    'echo half >"$3/$4/half"; echo half >"$1/half"; echo half >"$1/runs"; rm -r "$1/moved"; rm "$3/0/runs"; exit 7',
  ),
  "bin/finalize": script("exit 9"),
};
const mended = {
  "bin/supply": script(
    'for place in "$1" "$3/$4"; do test ! -e "$place/half"; done\ncp "$1/moved/word" "$3/$4/word"; cat "$3/0/runs" "$1/runs" "$(dirname "$2")"/*/runs >"$1/told"',
  ),
  "bin/finalize": script(
    'test -s "$1/note"; echo "processes: [{ type: web, command: perl serve.pl }]" >"$3/$4/launch.yml"',
  ),
};
const app = {
  "lib/word": "moved\n",
  "serve.pl": `use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
while (my $client = $server->accept) {
  while (<$client>) { last if /^\\s*$/ }
  print $client "HTTP/1.0 200 OK\\r\\n\\r\\n" . \`cat told note $ENV{DEPS_DIR}/1/word\`;
  close $client;
}
`,
};

const folders: AppFolder[] = [];
let platform: TestPlatform;
let api: Api;
let pushed: CliResult;

before(async () => {
  const settings = folder({
    "rivera.yml": "staging: { minimum_staging_memory_mb: 256, minimum_staging_disk_mb: 256 }\n",
  });
  platform = await TestPlatform.start({ flags: ["--config", `${settings}/rivera.yml`] });
  api = await loggedIn(platform.addresses);
  assert.equal((await platform.rivera(["login"])).status, 0);
  await addBuildpack("first", first);
  await addBuildpack("second", second);
  const source = ["-p", folder(app), "-m", "64M", "-b", "first", "-b", "second"];
  pushed = await platform.rivera(["push", "chain", ...source]);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
  for (const each of folders) each[Symbol.dispose]();
});

function folder(files: Readonly<Record<string, string>>): string {
  const made = appFolder({});
  folders.push(made);
  for (const [name, text] of Object.entries(files)) {
    made.write(name, text, text.startsWith("#!") ? 0o755 : 0o644);
  }
  return made.path;
}

async function addBuildpack(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  const source = folder(files);
  execFileSync("zip", ["-qr", "bits.zip", "."], { cwd: source });
  const { json } = await api("POST", "/v3/buildpacks", { name });
  const form = new FormData();
  form.append("bits", new Blob([readFileSync(path.join(source, "bits.zip"))]), `${name}.zip`);
  const { status } = await api("POST", `/v3/buildpacks/${json.guid}/upload`, form);
  assert.equal(status, 202);
  await eventually(
    async () => {
      const found = await api("GET", `/v3/buildpacks/${json.guid}`);
      return found.json.state === "READY" ? true : undefined;
    },
    { withinMs: 10_000, what: () => `the buildpack ${name} to be ready` },
  );
}

async function buildsOf(name: string) {
  const { json } = await api("GET", `/v3/apps?names=${name}`);
  const builds = await api("GET", `/v3/apps/${json.resources[0].guid}/builds?order_by=created_at`);
  return builds.json.resources;
}

test("a push that fails at a script ends with the command that goes on there", async () => {
  const [build] = await buildsOf("chain");

  assert.equal(pushed.status, 1);
  assert.match(pushed.stdout, /the first buildpack runs/);
  assert.ok(
    pushed.stdout.includes(`on from supply:1: rivera stage-retry ${build.guid} [--buildpack DIR]`),
    pushed.stdout,
  );
});

test("a staging goes on with a mended buildpack and mended files, and its droplet is the app's", async () => {
  const wrong = await platform.rivera(["stage-retry", "chain", "--from", "finalize:1"]);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /cannot go on from "finalize:1". It can from supply:0, supply:1/);

  const failed = await platform.rivera(["stage-retry", "chain", "-b", folder(mended)]);
  assert.equal(failed.status, 1);
  assert.match(failed.stdout, /Staging app chain from supply:1 on, in build /);
  assert.doesNotMatch(failed.stdout, /the first buildpack runs/);

  // It has failed at finalize:1 now, for want of a file of the app.
  const changes = ["-b", folder(mended), "--files", folder({ note: "mended\n" })];
  const { status, stdout, stderr } = await platform.rivera([
    "stage-retry",
    "chain",
    ...changes,
    "--keep",
  ]);

  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /Staging app chain from finalize:1 on, in build /);
  const builds = await buildsOf("chain");
  assert.deepEqual(
    builds.map((build: { state: string; metadata: { annotations: object } }) => [
      build.state,
      build.metadata.annotations,
    ]),
    [
      ["FAILED", {}],
      ["FAILED", { retry_of: builds[0].guid, retry_from: "supply:1" }],
      ["STAGED", { retry_of: builds[1].guid, retry_from: "finalize:1" }],
    ],
  );
  assert.equal(
    new Set(builds.map((build: { package: { guid: string } }) => build.package.guid)).size,
    1,
  );
  assert.equal((await platform.rivera(["restart", "chain"])).status, 0);
  const { body } = await answer(platform, "chain");
  assert.equal(body, "once\nonce\nonce\nmended\nmoved\n");
});
