import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { totalmem } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { loggedIn, type Api } from "../support/api.ts";
import { appFolder } from "../support/app-folder.ts";
import { eventually, runCli, TestPlatform } from "../support/test-platform.ts";

// A shell in a failed staging, as a developer has it: in a real container, through client, Cloud Controller and cell.

const root = path.resolve(import.meta.dirname, "../..");
const settings = appFolder({
  "rivera.yml": `
staging: { minimum_staging_memory_mb: 256, minimum_staging_disk_mb: 256 }
rivera: { failed_stagings: { idle_minutes: 0.05 } }
`,
});

let platform: TestPlatform;
let api: Api;

before(async () => {
  platform = await TestPlatform.start({ flags: ["--config", `${settings.path}/rivera.yml`] });
  api = await loggedIn(platform.addresses);
  assert.equal((await platform.rivera(["login"])).status, 0);
  await pushBroken("broken", "256M");
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
  settings[Symbol.dispose]();
});

/** Its build script leaves something behind and fails. */
async function pushBroken(name: string, memory: string): Promise<void> {
  using source = appFolder({
    "package.json": JSON.stringify({
      name,
      version: "1.0.0",
      scripts: { start: "node server.js", "heroku-postbuild": "echo half >made.txt; exit 3" },
    }),
  });
  const pushed = await platform.rivera(["push", name, "-m", memory], { cwd: source.path });
  assert.equal(pushed.status, 1, pushed.stdout);
  assert.match(
    pushed.stdout,
    /A shell in this container, for 15 minutes unless its place is needed: rivera stage-shell [-\w]+/,
  );
}

async function buildOf(name: string): Promise<string> {
  const { json } = await api("GET", `/v3/apps?names=${name}`);
  const builds = await api("GET", `/v3/apps/${json.resources[0].guid}/builds?order_by=-created_at`);
  return builds.json.resources[0].guid;
}

/** Types that into a shell of the app's failed staging. */
async function shell(name: string, input: string) {
  return await runCli(path.join(root, "bin/rivera"), ["stage-shell", name], {
    cwd: root,
    env: { RIVERA_HOME: path.join(platform.dataDir, "home") },
    timeoutMs: 60_000,
    input,
  });
}

async function keptStagings(): Promise<string[]> {
  const { stdout } = await platform.rivera(["status"]);
  return [...stdout.matchAll(/^failed staging: (\S+) on cell-1, /gm)].map(([, guid]) => guid ?? "");
}

test("stage-shell stands where the staging failed, as it was, and ends with the shell's status", async () => {
  const guid = await buildOf("broken");

  const { status, stdout, stderr } = await shell(
    "broken",
    'stty -echo; PS1=""\necho "at $PWD with $(cat made.txt) for $USER of $CF_STACK"; tty; exit 5\n',
  );

  assert.equal(status, 5, stderr);
  assert.match(stdout, /at \/tmp\/app with half for vcap of cflinuxfs4\r\n\/dev\/pts\/\d+\r\n/);
  assert.match(stderr, /^What failed: \/tmp\/buildpacks\/\w+\/bin\/supply \/tmp\/app \S+ \S+ 0$/m);
  assert.deepEqual(await keptStagings(), [guid]);
  const { stdout: events } = await platform.rivera(["events", "broken"]);
  assert.match(events, /audit\.app\.build\.shell-authorized +admin/);
});

test("a terminal that is left open is closed with words, and the container stays", async () => {
  const home = { RIVERA_HOME: path.join(platform.dataDir, "home") };
  const child = spawn(path.join(root, "bin/rivera"), ["stage-shell", "broken"], {
    env: { PATH: process.env["PATH"], ...home },
    stdio: ["pipe", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });

  const [status] = await once(child, "close");

  assert.equal(status, 1);
  assert.match(said, /The terminal was closed\. Nothing was typed or shown for 3 seconds\./);
  assert.deepEqual(await keptStagings(), [await buildOf("broken")]);
});

test("a user of another space is told that there is no such build", async () => {
  const { uaa } = platform.addresses;
  const user = { userName: "stranger", password: "pw-of-stranger" };
  const emails = [{ value: "stranger", primary: true }];
  await fetch(`${uaa}/Users`, {
    method: "POST",
    headers: { authorization: `bearer ${api.token}`, "content-type": "application/json" },
    body: JSON.stringify({ ...user, emails }),
  });
  const home = path.join(platform.dataDir, "stranger");
  const { api: url } = platform.addresses;
  const login = ["login", "-a", url, "-u", user.userName, "-p", user.password];
  await platform.rivera(login, { home });

  const refused = await platform.rivera(["stage-shell", await buildOf("broken")], { home });

  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /Build not found/);
});

test("a kept container gives way to work that needs its memory, and goes with its app", async () => {
  const megabytes = Math.floor(totalmem() / 1024 ** 2) - 100;

  await pushBroken("large", `${megabytes}M`);

  const large = await buildOf("large");
  await eventually(async () => (String(await keptStagings()) === large ? true : undefined), {
    withinMs: 60_000,
    what: () => "the larger one alone to be kept",
  });
  const refused = await shell("broken", "");
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /The container of this staging is not there any more/);

  assert.equal((await platform.rivera(["delete", "large", "-f"])).status, 0);
  await eventually(async () => ((await keptStagings()).length === 0 ? true : undefined), {
    withinMs: 60_000,
    what: () => "the container of a deleted app to go",
  });
});

test("what was kept when the platform was killed is gone when it is back", async () => {
  await pushBroken("broken", "256M");
  await eventually(async () => ((await keptStagings()).length === 1 ? true : undefined), {
    withinMs: 60_000,
    what: () => "the container to be kept",
  });

  await platform.kill9();
  await platform.up();

  assert.deepEqual(await keptStagings(), []);
  const refused = await shell(await buildOf("broken"), "");
  assert.match(refused.stderr, /The container of this staging is not there any more/);
});
