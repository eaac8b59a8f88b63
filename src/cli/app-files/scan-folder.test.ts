import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { Failure } from "../failure.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { hashFiles, shareOut } from "./hash-files.ts";
import { scanFolder, type ScanOptions } from "./scan-folder.ts";

const never = new AbortController().signal;

/** Options for one scan, with no hashes of earlier ones. */
function firstScan(folder: string): ScanOptions {
  return { signal: never, clock: systemClock, cacheFolder: `${folder}-no-cache` };
}

test("scanFolder() lists folders, files and links with modes and hashes, and follows no link", async () => {
  await using folder = await temporaryFolder();
  await mkdir(path.join(folder.path, "bin"));
  await writeFile(path.join(folder.path, "bin", "run"), "echo hi\n");
  await chmod(path.join(folder.path, "bin", "run"), 0o755);
  await writeFile(path.join(folder.path, "empty"), "");
  await chmod(path.join(folder.path, "empty"), 0o600);
  await symlink("/etc", path.join(folder.path, "outside"));

  const files = await scanFolder(folder.path, firstScan(folder.path));

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

  const files = await scanFolder(folder.path, firstScan(folder.path));

  assert.deepEqual(
    files.map((file) => file.path),
    ["sub", "sub/kept.txt"],
  );
});

test("scanFolder() leaves out nothing for a .cfignore that is a link to nowhere, and refuses one that cannot be read", async () => {
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, "secret.txt"), "a");
  const cfignore = path.join(folder.path, ".cfignore");
  await symlink("nowhere", cfignore);

  const files = await scanFolder(folder.path, firstScan(folder.path));

  assert.deepEqual(
    files.map((file) => file.path),
    ["secret.txt"],
  );
  await rm(cfignore);
  await mkdir(cfignore);
  await assert.rejects(scanFolder(folder.path, firstScan(folder.path)), {
    name: "Failure",
    message: "Cannot read an app file: EISDIR: illegal operation on a directory, read",
  });
});

test("scanFolder() refuses a folder without app files", async () => {
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, "manifest.yml"), "applications: []");

  await assert.rejects(scanFolder(folder.path, firstScan(folder.path)), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.message, `No app files found in '${folder.path}'`);
    return true;
  });
});

/** Files that claim to be big: what a thread is worth is told by their sizes. */
async function claimingToBeBig(folder: string, count: number) {
  const files = Array.from({ length: count }, (_, index) => ({
    path: `file-${index}`,
    size: 600_000_000,
  }));
  for (const { path: name } of files) await writeFile(path.join(folder, name), name.slice(0, 6));
  return files;
}

test("hashFiles() hashes much in worker threads as it does little", async () => {
  await using folder = await temporaryFolder();
  const files = await claimingToBeBig(folder.path, 12);

  const hashes = await hashFiles(folder.path, files, never);

  assert.equal(hashes.size, files.length);
  assert.equal(hashes.get("file-1"), hash("sha1", "file-1"));
  assert.equal(hashes.get("file-11"), hashes.get("file-1"));
  assert.notEqual(hashes.get("file-7"), hashes.get("file-1"));
});

test("hashFiles() of much ends when the user interrupts", async () => {
  await using folder = await temporaryFolder();
  const files = await claimingToBeBig(folder.path, 4);
  const interruption = new AbortController();
  const hashing = hashFiles(folder.path, files, interruption.signal);
  interruption.abort(new Error("Interrupted"));

  await assert.rejects(hashing, /Interrupted/);
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
