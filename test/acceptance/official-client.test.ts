import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { eventually, runCli, TestPlatform, type CliResult } from "../support/test-platform.ts";

// The official client, unmodified: the program that CF_CLI names, else `cf` on the PATH.

const cfCli = process.env["CF_CLI"] ?? onPath("cf");
const skip = cfCli === undefined ? "no official client: set CF_CLI or put cf on the PATH" : false;

function onPath(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(":")
    .map((directory) => path.join(directory, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

let platform: TestPlatform;

before(async () => {
  if (skip === false) platform = await TestPlatform.start();
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

async function cf(args: readonly string[], cwd = "/"): Promise<CliResult> {
  return runCli(cfCli ?? "cf", args, {
    cwd,
    env: { CF_HOME: platform.dataDir, CF_COLOR: "false" },
    timeoutMs: 180_000,
  });
}

async function succeeds(args: readonly string[], cwd?: string): Promise<string> {
  const result = await cf(args, cwd);
  assert.equal(result.status, 0, `cf ${args.join(" ")}\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}

test("the official client logs in, pushes, looks, changes and deletes", { skip }, async (t) => {
  const { api, admin } = platform.addresses;
  using folder = appFolder({
    ...nodeServer("official"),
    "manifest.yml": `
applications:
- name: official
  memory: 64M
  instances: 1
  buildpacks: [procfile_buildpack]
  env: { COLOUR: blue }
`,
  });

  await t.test("login targets org and space", async () => {
    const out = await succeeds(["login", "-a", api, "-u", admin.username, "-p", admin.password]);
    assert.match(out, /Targeted org\s+rivera/);
    assert.match(out, /Targeted space\s+dev/);
  });
  await t.test("push shows the diff, the staging log and the summary", async () => {
    const out = await succeeds(["push"], folder.path);
    assert.match(out, /Applying manifest/);
    assert.match(out, /Staging app and tracing logs/);
    assert.match(out, /Downloading procfile_buildpack/);
    assert.match(out, /#0\s+running/);
    assert.equal((await platform.fetchApp("official.apps.localhost")).body, "official 0");
  });
  await t.test("a second push uploads again and replaces the app", async () => {
    folder.write("server.js", nodeServer("changed")["server.js"] ?? "");
    await succeeds(["push"], folder.path);
    const body = await eventually(
      async () => {
        const answer = await platform.fetchApp("official.apps.localhost");
        return answer.body === "changed 0" ? answer.body : undefined;
      },
      { withinMs: 20_000, what: () => "the new code to answer" },
    );
    assert.equal(body, "changed 0");
  });
  await t.test("apps, app, env and logs show it", async () => {
    assert.match(
      await succeeds(["apps"]),
      /official\s+started\s+web:1\/1\s+.*official\.apps\.localhost/,
    );
    assert.match(await succeeds(["app", "official"]), /memory usage:\s+64M/);
    assert.match(await succeeds(["env", "official"]), /COLOUR:\s+blue/);
    const logs = await eventually(
      async () => {
        const out = await succeeds(["logs", "official", "--recent"]);
        return out.includes("starting changed") ? out : undefined;
      },
      { withinMs: 20_000, what: () => "the app's line in the log" },
    );
    assert.match(logs, /\[APP\/PROC\/WEB\/0\] OUT starting changed/);
  });
  await t.test("scale, set-env, restart, restage, stop and start", async () => {
    assert.match(await succeeds(["scale", "official", "-i", "2"]), /instances:\s+\d\/2/);
    await succeeds(["set-env", "official", "COLOUR", "red"]);
    await succeeds(["restart", "official"]);
    const env = JSON.parse((await platform.fetchApp("official.apps.localhost", "/env")).body);
    assert.equal(env.COLOUR, "red");
    await succeeds(["restage", "official"]);
    await succeeds(["stop", "official"]);
    assert.match(await succeeds(["app", "official"]), /requested state:\s+stopped/);
    assert.match(await succeeds(["start", "official"]), /#\d\s+running/);
  });
  await t.test(
    "buildpacks, routes, events, orgs, spaces and target list what is there",
    async () => {
      assert.match(await succeeds(["buildpacks"]), /nodejs_buildpack/);
      assert.match(await succeeds(["routes"]), /official\s+apps\.localhost/);
      assert.match(await succeeds(["events", "official"]), /audit\.app\.(create|start|restart)/);
      assert.match(await succeeds(["orgs"]), /rivera/);
      assert.match(await succeeds(["spaces"]), /dev/);
      assert.match(await succeeds(["target"]), /org:\s+rivera/);
    },
  );
  await t.test("a failed push prints the build's error and exits with 1", async () => {
    using empty = appFolder({ "readme.txt": "nothing" });
    const result = await cf(["push", "nothing"], empty.path);
    assert.equal(result.status, 1);
    assert.match(result.stdout + result.stderr, /NoAppDetectedError/);
  });
  await t.test("delete takes app and route away", async () => {
    await succeeds(["delete", "official", "-f", "-r"]);
    const result = await cf(["app", "official"]);
    assert.equal(result.status, 1);
    assert.match(result.stdout + result.stderr, /App 'official' not found/);
  });
});
