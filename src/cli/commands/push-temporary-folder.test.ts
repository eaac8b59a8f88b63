import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { startStub } from "../testing/answers.ts";
import { TestUser } from "../testing/run-in-test.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const launcher = path.resolve(import.meta.dirname, "../../../bin/rivera");

/** What a push says that packs a file of 200 kB in that folder, in a process of its own: the folder is the process's. */
async function pushWith(temporary: string): Promise<{ out: string; err: string; status: unknown }> {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const app = path.join(user.home, "app");
  await mkdir(app);
  await writeFile(path.join(app, "large"), randomBytes(200_000));
  const child = spawn(launcher, ["push", "web-app"], {
    cwd: app,
    env: { ...user.environment, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { out, err, status };
}

test("a push whose temporary folder is not there says so in one line", async () => {
  const { out, err, status } = await pushWith("/no/such/folder");

  assert.equal(status, 1);
  assert.match(out, /FAILED\n$/);
  assert.match(
    err,
    /^Cannot pack the app in the temporary folder '\/no\/such\/folder', which TMPDIR can move: ENOENT[^\n]*\n$/,
  );
});

test("a push whose temporary folder is full says so in one line, and leaves nothing there", async (t) => {
  await using folder = await temporaryFolder();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.path]);
  if (mounted.status !== 0) {
    t.skip("no file system can be mounted");
    return;
  }
  try {
    const { err, status } = await pushWith(folder.path);

    assert.equal(status, 1);
    assert.match(err, /^Cannot pack the app in the temporary folder '[^\n]*: ENOSPC[^\n]*\n$/);
    assert.deepEqual(await readdir(folder.path), []);
  } finally {
    spawnSync("umount", [folder.path]);
  }
});
