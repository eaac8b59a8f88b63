import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { after, test } from "node:test";
import { parse } from "yaml";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { startUaa } from "#uaa/start-uaa.ts";
import { lockDataDir } from "./data-lock.ts";
import { howToLogIn } from "./platform-commands.ts";
import {
  newPlatformState,
  readPlatformState,
  writePlatformState,
  uaaAdminSecret,
} from "./platform-state.ts";
import { readNewPassword } from "./read-password.ts";
import { readRiveraJson, writeRiveraJson } from "./rivera-json.ts";
import { changePassword, rotateKey, scrapeConfig } from "./uaa-commands.ts";

const ports = { apiPort: 1, routerPort: 2, bbsPort: 3, cloudControllerPort: 4 };

function dataFolder() {
  const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-password-"));
  after(() => rmSync(dataDir, { recursive: true }));
  const printed: string[] = [];
  const io = { clock: new FakeClock(), print: (line: string) => void printed.push(line) };
  return { dataDir, io, printed };
}

/** A data folder whose UAA runs in this process, and that says so. */
async function runningPlatform() {
  const { dataDir, io, printed } = dataFolder();
  const state = newPlatformState(ports);
  writePlatformState(dataDir, state);
  const server = createServer((request, response) => uaa.handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const start = (password: string) =>
    startUaa(
      {
        basePath: "/uaa",
        externalUrl: `${url}/uaa`,
        database: { path: path.join(dataDir, "uaa.sqlite") },
        admin: { username: "admin", password },
        adminClientSecret: uaaAdminSecret(state),
        passwordCost: 2,
      },
      { clock: io.clock, logger: new RecordingLogger() },
    );
  let uaa = await start(state.adminPassword);
  const lock = lockDataDir(dataDir);
  writeRiveraJson(dataDir, {
    api: url,
    uaa: `${url}/uaa`,
    logCache: url,
    router: url,
    admin: { username: "admin", password: state.adminPassword },
    pid: process.pid,
  });
  after(async () => {
    lock[Symbol.dispose]();
    server.closeAllConnections();
    server.close();
    await uaa[Symbol.asyncDispose]();
  });
  const login = async (password: string) => {
    const response = await fetch(`${url}/uaa/oauth/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("cf:").toString("base64")}` },
      body: new URLSearchParams({ grant_type: "password", username: "admin", password }),
    });
    return response.status;
  };
  const restart = async () => {
    await uaa[Symbol.asyncDispose]();
    uaa = await start(readPlatformState(dataDir)?.adminPassword ?? "");
  };
  return { dataDir, io, printed, state, url, login, restart };
}

test("rivera password changes it in the platform that runs, in what is kept and in rivera.json", async () => {
  const { dataDir, io, printed, state, login, restart } = await runningPlatform();

  assert.equal(await changePassword(io, dataDir, "a new one's"), 0);

  assert.match(printed.join("\n"), /^Password changed\. Log in again/);
  assert.equal(await login("a new one's"), 200);
  assert.equal(await login(state.adminPassword), 401);
  assert.equal(readPlatformState(dataDir)?.adminPassword, "a new one's");
  assert.equal(readRiveraJson(dataDir)?.admin.password, "a new one's");
  for (const file of ["platform.json", "rivera.json"]) {
    assert.equal(statSync(path.join(dataDir, file)).mode & 0o777, 0o600, file);
  }
  await restart();
  assert.equal(await login("a new one's"), 200);
});

test("rivera password without a running platform counts from the next start on", async () => {
  const { dataDir, io, printed } = dataFolder();
  writePlatformState(dataDir, newPlatformState(ports));

  assert.equal(await changePassword(io, dataDir, "a new password"), 0);

  assert.deepEqual(printed, ["Password changed. It counts from the next start on."]);
  assert.equal(readPlatformState(dataDir)?.adminPassword, "a new password");
});

test("a password that is refused changes nothing", async () => {
  const { dataDir, io, state, login } = await runningPlatform();
  const before = readFileSync(path.join(dataDir, "rivera.json"), "utf8");

  for (const [password, reason] of [
    ["short", /8 to 255 characters/],
    ["x".repeat(256), /8 to 255 characters/],
    ["with a \0 in it", /NUL/],
    [state.adminPassword, /Your new password cannot be the same as the old password/],
  ] as const) {
    await assert.rejects(changePassword(io, dataDir, password), reason);
  }

  assert.equal(readPlatformState(dataDir)?.adminPassword, state.adminPassword);
  assert.equal(readFileSync(path.join(dataDir, "rivera.json"), "utf8"), before);
  assert.equal(await login(state.adminPassword), 200);
});

test("rivera rotate-key adds a key, and says from when on it signs", async () => {
  const { dataDir, io, printed, url } = await runningPlatform();

  assert.equal(await rotateKey(io, dataDir), 0);

  const { keys } = (await (await fetch(`${url}/uaa/token_keys`)).json()) as {
    keys: { kid: string }[];
  };
  assert.equal(keys.length, 2);
  assert.match(
    printed[0] ?? "",
    /^Key [0-9a-f-]{36} signs tokens from 2030-01-01T00:01:00\.000Z on/,
  );
  assert.ok(printed[0]?.includes(keys[1]?.kid ?? "none"));
});

test("without a platform the commands say how to get one", async () => {
  const { dataDir, io } = dataFolder();

  await assert.rejects(changePassword(io, dataDir, "long enough"), /rivera up/);
  await assert.rejects(rotateKey(io, dataDir), /rivera up/);
});

test("readNewPassword() takes the first line of a pipe as it is", async () => {
  const read = (text: string) =>
    readNewPassword({ input: Readable.from([text]), out: new PassThrough() });

  assert.equal(await read("  with spaces \nmore\n"), "  with spaces ");
  assert.equal(await read("no line end"), "no line end");
  await assert.rejects(read(""), /the input is empty/);
});

test("on a terminal readNewPassword() asks twice, shows neither, and refuses two that differ", async () => {
  const ask = async (first: string, second: string) => {
    const input = Object.assign(new PassThrough(), { isTTY: true as const });
    const out = new PassThrough();
    const shown: string[] = [];
    // Each answer is typed once its question is there.
    out.on("data", (chunk: Buffer) => {
      const text = chunk.toString();
      shown.push(text);
      if (text.startsWith("New")) input.write(`${first}\n`);
      if (text.startsWith("Verify")) input.write(`${second}\n`);
    });
    const outcome = await readNewPassword({ input, out }).catch((error: Error) => error.message);
    return { outcome, shown: shown.join("") };
  };

  const same = await ask("swordfish", "swordfish");
  assert.equal(same.outcome, "swordfish");
  assert.ok(!same.shown.includes("swordfish"));
  assert.equal(
    (await ask("swordfish", "sworfdish")).outcome,
    "Cannot change the password: the two do not match",
  );
});

test("the password is shown at the first start only, ready to paste whatever it holds", () => {
  const running = {
    api: "http://127.0.0.1:9",
    admin: { username: "admin", password: "it's $HOME" },
  };

  assert.equal(
    howToLogIn(running, "/data", true)[0],
    String.raw`Log in cf login -a http://127.0.0.1:9 -u admin -p 'it'\''s $HOME'`,
  );
  const later = howToLogIn(running, "/data", false).join("\n");
  assert.ok(!later.includes("$HOME"));
  assert.ok(later.includes("rivera status --data /data --field cf-login"));
});

test("rivera scrape-config prints what lets Prometheus in as a global auditor, until the next one", async () => {
  const { dataDir, io, printed, url } = await runningPlatform();
  const configured = async () => {
    printed.length = 0;
    assert.equal(await scrapeConfig(io, dataDir), 0);
    return parse(printed.join("\n")).scrape_configs[0];
  };
  const grant = async ({ oauth2 }: Awaited<ReturnType<typeof configured>>) => {
    const basic = Buffer.from(`${oauth2.client_id}:${oauth2.client_secret}`).toString("base64");
    return await fetch(oauth2.token_url, {
      method: "POST",
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
  };

  const first = await configured();
  assert.equal(first.metrics_path, "/rivera/v1/metrics");
  assert.deepEqual(first.static_configs, [{ targets: [new URL(url).host] }]);
  const granted = await grant(first);
  assert.equal(granted.status, 200);
  const { scope } = JSON.parse(await granted.text());
  assert.equal(scope, "cloud_controller.global_auditor");

  const second = await configured();
  assert.equal((await grant(first)).status, 401);
  assert.equal((await grant(second)).status, 200);
});
