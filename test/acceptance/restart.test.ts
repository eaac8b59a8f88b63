import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { loggedIn } from "../support/api.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

async function pushed(platform: TestPlatform, name: string, args: string[] = []): Promise<void> {
  using folder = appFolder(nodeServer(`I am ${name}`));
  const login = await platform.rivera(["login"]);
  assert.equal(login.status, 0, login.stderr);
  const result = await platform.rivera(["push", name, "-m", "64M", ...args], { cwd: folder.path });
  assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
}

function answers(platform: TestPlatform, name: string): Promise<true> {
  return eventually(
    async () => {
      const { body } = await platform.fetchApp(`${name}.apps.localhost`);
      return body.startsWith(`I am ${name}`) ? true : undefined;
    },
    { withinMs: 60_000, what: () => `${name} to answer` },
  );
}

/** What of a platform's data folder still lives on the host. */
function leftovers(dataDir: string): string[] {
  const processes = readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(dataDir) ? [`process ${pid}: ${line}`] : [];
      } catch {
        return [];
      }
    });
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(dataDir));
  const instances = globSync(path.join(dataDir, "cells/*/{containers,instances}/*"));
  return [...processes, ...mounts, ...instances];
}

test("kill -9 loses nothing: apps go on running, and everything acknowledged is there after up", async () => {
  await using platform = await TestPlatform.start();
  await pushed(platform, "steady");
  const before = JSON.parse((await platform.fetchApp("steady.apps.localhost", "/env")).body);

  await platform.kill9();
  await platform.up();

  await answers(platform, "steady");
  const afterwards = JSON.parse((await platform.fetchApp("steady.apps.localhost", "/env")).body);
  assert.equal(
    afterwards.CF_INSTANCE_GUID,
    before.CF_INSTANCE_GUID,
    "the cell adopted the container instead of starting another",
  );
  const app = await platform.rivera(["app", "steady"]);
  assert.equal(app.status, 0, `the login survived: ${app.stderr}`);
  assert.match(app.stdout, /#0\s+running/);
  const again = await platform.rivera(["restage", "steady"]);
  assert.equal(again.status, 0, `package and droplet survived: ${again.stdout}${again.stderr}`);
  const api = await loggedIn(platform.addresses);
  const apps = await api("GET", "/v3/apps?names=steady");
  const events = await api("GET", `/v3/audit_events?target_guids=${apps.json.resources[0].guid}`);
  const crashes = events.json.resources.filter((e: { type: string }) => e.type === "app.crash");
  assert.deepEqual(crashes, [], "a platform's death is no crash of the app");
});

test("Ctrl-C stops everything and leaves nothing on the host; up brings every app back", async () => {
  await using platform = await TestPlatform.start({ cells: 2 });
  await pushed(platform, "back", ["-i", "2"]);

  await platform.stop();
  assert.deepEqual(leftovers(platform.dataDir), []);
  assert.equal(existsSync(path.join(platform.dataDir, "rivera.json")), false);

  await platform.up();
  await answers(platform, "back");
});

test("kill -9 in the middle of staging leaves no build staging for ever and no container behind", async () => {
  await using platform = await TestPlatform.start();
  using folder = appFolder({
    ...nodeServer("late"),
    "package.json": JSON.stringify({
      name: "late",
      version: "1.0.0",
      scripts: { "heroku-prebuild": "echo in the middle; sleep 60", start: "node server.js" },
    }),
  });
  await platform.rivera(["login"]);
  const pushing = platform.rivera(["push", "late", "-b", "nodejs_buildpack"], {
    cwd: folder.path,
    timeoutMs: 60_000,
  });
  const api = await loggedIn(platform.addresses);
  const build = await eventually(
    async () => {
      const { json } = await api("GET", "/v3/builds?states=STAGING");
      const guid: string | undefined = json.resources[0]?.guid;
      if (guid === undefined) return undefined;
      const logs = await platform.rivera(["logs", "late", "--recent"]);
      return logs.stdout.includes("in the middle") ? guid : undefined;
    },
    { withinMs: 60_000, what: () => "staging to be in the middle" },
  );

  await platform.kill9();
  await pushing;
  await platform.up();

  const ended = await eventually(
    async () => {
      const { json } = await api("GET", `/v3/builds/${build}`);
      return json.state === "STAGING" ? undefined : json;
    },
    { withinMs: 90_000, what: () => "the build to end" },
  );
  assert.equal(ended.state, "FAILED");
  assert.match(ended.error, /^StagingError - /);
  await eventually(
    () => {
      const left = globSync(path.join(platform.dataDir, "cells/*/{containers,instances}/*"));
      return left.length === 0 ? true : undefined;
    },
    { withinMs: 30_000, what: () => "the staging container to be gone" },
  );
  folder.write("package.json", JSON.stringify({ name: "late", version: "1.0.0" }));
  const again = await platform.rivera(["push", "late", "-b", "nodejs_buildpack"], {
    cwd: folder.path,
  });
  assert.equal(again.status, 0, `${again.stdout}\n${again.stderr}`);
});
