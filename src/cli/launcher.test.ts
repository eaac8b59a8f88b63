import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { startStub } from "./testing/answers.ts";
import { TestUser } from "./testing/run-in-test.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const launcher = path.resolve(import.meta.dirname, "../../bin/rivera");

test("the launcher works through symbolic links, from any folder", async () => {
  await using folder = await temporaryFolder();
  await symlink(launcher, path.join(folder.path, "first"));
  await symlink("first", path.join(folder.path, "second"));

  const { stdout, status } = spawnSync(path.join(folder.path, "second"), ["version"], {
    cwd: folder.path,
    encoding: "utf8",
  });

  assert.equal(status, 0);
  assert.match(stdout, /^rivera version \d/);
});

test("without its packages the launcher says what to run", async () => {
  await using folder = await temporaryFolder();
  await mkdir(path.join(folder.path, "bin"));
  await cp(launcher, path.join(folder.path, "bin", "rivera"));

  const { stderr, status } = spawnSync(path.join(folder.path, "bin", "rivera"), ["apps"], {
    encoding: "utf8",
  });

  assert.equal(status, 1);
  assert.equal(
    stderr,
    `rivera: ${folder.path} has no Node of its own yet. Run: (cd '${folder.path}' && npm ci)\n`,
  );
});

for (const [interruption, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`${interruption} ends a push at once with ${status} and leaves no temporary file`, async () => {
    await endPush(interruption, status);
  });
}

async function endPush(interruption: NodeJS.Signals, status: number): Promise<void> {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  await using temporary = await temporaryFolder();
  const app = path.join(user.home, "app");
  await mkdir(app);
  await writeFile(path.join(app, "index.html"), "hi");
  const { promise: isStaging, resolve } = Promise.withResolvers<void>();
  stub.on(/GET \/v3\/builds\/build-guid/, () => {
    resolve();
    return { json: { guid: "build-guid", state: "STAGING" } };
  });
  const child = spawn(launcher, ["push", "web-app"], {
    cwd: app,
    env: { ...user.environment, TMPDIR: temporary.path },
    stdio: "ignore",
  });

  await isStaging;
  child.kill(interruption);
  const [code, signal] = await once(child, "exit");

  assert.deepEqual([code, signal], [status, null]);
  assert.deepEqual(spawnSync("ls", ["-A", temporary.path], { encoding: "utf8" }).stdout, "");
}

test("a reader that has seen enough is no failure", async () => {
  await using user = await TestUser.create();

  const { status, stderr } = spawnSync(
    "sh",
    ["-c", `"${launcher}" help -a | head -n 1 >/dev/null`],
    {
      env: user.environment,
      encoding: "utf8",
    },
  );

  assert.deepEqual([status, stderr], [0, ""]);
});
