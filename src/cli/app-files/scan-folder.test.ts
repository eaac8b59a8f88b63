import assert from "node:assert/strict";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { Failure } from "../failure.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { shareOut } from "./hash-files.ts";
import { scanFolder } from "./scan-folder.ts";

const never = new AbortController().signal;

test("scanFolder() lists folders, files and links with modes and hashes, and follows no link", async () => {
  await using folder = await temporaryFolder();
  await mkdir(path.join(folder.path, "bin"));
  await writeFile(path.join(folder.path, "bin", "run"), "echo hi\n");
  await chmod(path.join(folder.path, "bin", "run"), 0o755);
  await writeFile(path.join(folder.path, "empty"), "");
  await chmod(path.join(folder.path, "empty"), 0o600);
  await symlink("/etc", path.join(folder.path, "outside"));

  const files = await scanFolder(folder.path, never);

  assert.deepEqual(files, [
    { path: "bin", kind: "folder", mode: 0o755, size: 0, sha1: "" },
    {
      path: "bin/run",
      kind: "file",
      mode: 0o755,
      size: 8,
      sha1: "a0a6c42fc1d8f8f486a10b45ec878e91b4fdfc6b",
    },
    {
      path: "empty",
      kind: "file",
      mode: 0o600,
      size: 0,
      sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    },
    { path: "outside", kind: "link", mode: 0o777, size: 0, sha1: "" },
  ]);
});

test("scanFolder() obeys the .cfignore of the root alone", async () => {
  await using folder = await temporaryFolder();
  await mkdir(path.join(folder.path, "sub"));
  await writeFile(path.join(folder.path, ".cfignore"), "*.log\n");
  await writeFile(path.join(folder.path, "sub", ".cfignore"), "kept.txt\n");
  await writeFile(path.join(folder.path, "sub", "kept.txt"), "a");
  await writeFile(path.join(folder.path, "sub", "gone.log"), "a");

  const files = await scanFolder(folder.path, never);

  assert.deepEqual(
    files.map((file) => file.path),
    ["sub", "sub/kept.txt"],
  );
});

test("scanFolder() refuses a folder without app files", async () => {
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, "manifest.yml"), "applications: []");

  await assert.rejects(scanFolder(folder.path, never), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.message, `No app files found in '${folder.path}'`);
    return true;
  });
});

test("scanFolder() hashes a tree of thousands of files in worker threads as it does a small one", async () => {
  await using folder = await temporaryFolder();
  const names = Array.from({ length: 1_200 }, (_, index) => `file-${index}`);
  for (const name of names) await writeFile(path.join(folder.path, name), name.slice(0, 6));

  const files = await scanFolder(folder.path, never);

  assert.equal(files.length, names.length);
  const byPath = new Map(files.map((file) => [file.path, file.sha1]));
  // sha1 of "file-7" and of "file-1"
  assert.equal(byPath.get("file-7"), byPath.get("file-77"));
  assert.notEqual(byPath.get("file-7"), byPath.get("file-1"));
  assert.match(byPath.get("file-1199") ?? "", /^[0-9a-f]{40}$/);
});

test("scanFolder() of a big tree ends when the user interrupts", async () => {
  await using folder = await temporaryFolder();
  for (let index = 0; index < 1_100; index += 1) {
    await writeFile(path.join(folder.path, `f${index}`), "x");
  }
  const interruption = new AbortController();
  const scanning = scanFolder(folder.path, interruption.signal);
  interruption.abort(new Error("Interrupted"));

  await assert.rejects(scanning, /Interrupted/);
});

test("shareOut() gives every file to one worker, and the work evenly", () => {
  const files = Array.from({ length: 100 }, (_, index) => ({
    path: `f${index}`,
    size: index % 10 === 0 ? 1_000_000 : 100,
  }));

  const shares = shareOut(files, 3);

  assert.deepEqual(new Set(shares.flat()), new Set(files));
  const sizes = shares.map((share) => share.reduce((sum, { size }) => sum + size + 20_000, 0));
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1_020_000, sizes.join());
});
