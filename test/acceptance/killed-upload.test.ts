import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { globSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { loggedIn } from "../support/api.ts";
import { appFolder, type AppFolder } from "../support/app-folder.ts";
import { startHoldingProxy, type HoldingProxy } from "../support/holding-proxy.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

const rivera = path.resolve(import.meta.dirname, "../../bin/rivera");
const uploadBytes = 4_000_000;

/** A push that hangs in the middle of its upload. */
async function pushHalfway(
  platform: TestPlatform,
  proxy: HoldingProxy,
  folder: AppFolder,
): Promise<{ readonly client: ChildProcess; readonly said: () => string }> {
  const home = path.join(platform.dataDir, "home-behind-proxy");
  const { username, password } = platform.addresses.admin;
  proxy.letPass();
  const login = [
    "login",
    "-a",
    proxy.url,
    "-u",
    username,
    "-p",
    password,
    "-o",
    "rivera",
    "-s",
    "dev",
  ];
  const { status, stderr } = await platform.rivera(login, { home });
  assert.equal(status, 0, stderr);
  folder.write("random", randomBytes(uploadBytes));
  const held = proxy.holdAfter(uploadBytes / 2);
  const client = spawn(rivera, ["push", "halved", "--no-start"], {
    cwd: folder.path,
    env: { PATH: process.env["PATH"], RIVERA_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [client.stdout, client.stderr]) {
    stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  }
  await held;
  return { client, said: () => said };
}

/** State of the app's newest package, and how its download is answered. */
async function newestPackage(platform: TestPlatform): Promise<{ state: string; download: number }> {
  const api = await loggedIn(platform.addresses);
  const apps = await api("GET", "/v3/apps?names=halved");
  const packages = `/v3/apps/${apps.json.resources[0].guid}/packages?order_by=-created_at`;
  const [{ guid, state }] = (await api("GET", packages)).json.resources;
  return { state, download: (await api("GET", `/v3/packages/${guid}/download`)).status };
}

async function nothingIsLeft(platform: TestPlatform): Promise<void> {
  const left = () => globSync(path.join(platform.dataDir, "**/uploads/*"));
  await eventually(() => (left().length === 0 ? true : undefined), {
    withinMs: 30_000,
    what: () => `what was received to be removed: ${left().join()}`,
  });
}

async function nextPushWorks(platform: TestPlatform, folder: AppFolder): Promise<void> {
  await platform.rivera(["login"]);
  const { status, stdout, stderr } = await platform.rivera(["push", "halved", "--no-start"], {
    cwd: folder.path,
  });
  assert.equal(status, 0, stdout + stderr);
  assert.deepEqual(await newestPackage(platform), { state: "READY", download: 200 });
}

test("client or platform killed with -9 in the middle of an upload: nothing of it is served, the next push works", async () => {
  await using platform = await TestPlatform.start();
  await using proxy = await startHoldingProxy(() => platform.addresses.api);
  using folder = appFolder({ "server.js": "" });

  const first = await pushHalfway(platform, proxy, folder);
  first.client.kill("SIGKILL");
  await once(first.client, "close");
  assert.deepEqual(await newestPackage(platform), { state: "AWAITING_UPLOAD", download: 422 });
  await nothingIsLeft(platform);
  await nextPushWorks(platform, folder);

  const second = await pushHalfway(platform, proxy, folder);
  const ended = once(second.client, "close");
  await platform.kill9();
  assert.deepEqual(await ended, [1, null]);
  assert.match(second.said(), /Cannot reach the API at .*\n/);
  await platform.up();
  assert.deepEqual(await newestPackage(platform), { state: "AWAITING_UPLOAD", download: 422 });
  await nothingIsLeft(platform);
  await nextPushWorks(platform, folder);
});
