import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFile, chmod, mkdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { Failure } from "../failure.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { packageFolder } from "./package-folder.ts";
import { scanFolder } from "./scan-folder.ts";
import { ZipWriter } from "./zip-writer.ts";

const { signal } = new AbortController();

async function scan(root: string, cacheFolder: string) {
  return await scanFolder(root, { signal, clock: systemClock, cacheFolder });
}

/** What a push would say that scans the folder, and packs it after that has happened to it. */
async function refusal(
  root: string,
  cacheFolder: string,
  between: () => Promise<void>,
): Promise<string> {
  const files = await scan(root, cacheFolder);
  await between();
  const target = `${cacheFolder}.zip`;
  try {
    await using zip = await ZipWriter.create(target);
    await packageFolder(zip, root, files);
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  } finally {
    await rm(target, { force: true });
  }
  return "it was packed";
}

test("what happens to a file between the scan and the packing ends the push, and the file is named", async () => {
  await using folder = await temporaryFolder();
  const root = path.join(folder.path, "app");
  const file = path.join(root, "lib", "file.js");
  const link = path.join(root, "link");
  await mkdir(path.dirname(file), { recursive: true });
  const modified = (name: string) =>
    `Aborting push: File ${name} has been modified since the start of push. Validate the correct state of the file and try again.`;
  for (const [what, change, message] of [
    ["written to", () => writeFile(file, "changed"), modified(file)],
    ["of the same size", () => writeFile(file, "CONTENT"), modified(file)],
    [
      "removed",
      () => rm(file),
      `Cannot read an app file: ENOENT: no such file or directory, lstat '${file}'`,
    ],
    ["now a folder", () => rm(file).then(() => mkdir(file)), modified(file)],
    ["a link no more", () => rm(link).then(() => writeFile(link, "x")), modified(link)],
    ["left alone", async () => undefined, "it was packed"],
  ] as const) {
    await rm(file, { recursive: true, force: true });
    await writeFile(file, "content");
    await rm(link, { force: true });
    await symlink("lib", link);
    assert.equal(await refusal(root, path.join(folder.path, "cache"), change), message, what);
  }
});

test("a file too big to be packed from memory is looked at again as well", async () => {
  await using folder = await temporaryFolder();
  const root = path.join(folder.path, "app");
  const big = path.join(root, "big");
  await mkdir(root);
  await writeFile(big, "");
  await truncate(big, 33 * 1024 ** 2);

  const message = await refusal(root, path.join(folder.path, "cache"), () => appendFile(big, "x"));

  assert.match(message, /^Aborting push: File .*big has been modified since the start of push/);
});

test("a folder or file that cannot be read ends the scan, and is named", async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o755);
  const root = path.join(folder.path, "app");
  await mkdir(path.join(root, "locked"), { recursive: true });
  await writeFile(path.join(root, "file"), "x");
  for (const name of ["locked", "file"]) {
    const locked = path.join(root, name);
    await chmod(locked, 0o000);
    const scanning = asNobody(() => scan(root, folder.path));
    await assert.rejects(scanning, (error: unknown) => {
      assert.ok(error instanceof Failure, String(error));
      assert.match(error.message, /^Cannot read an app file: EACCES: permission denied/);
      assert.ok(error.message.endsWith(`'${locked}'`), error.message);
      return true;
    });
    await chmod(locked, 0o755);
  }
});

/** Root may read everything. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test("names that no path can hold end the scan: deeper than 4,096 bytes, or not UTF-8", async () => {
  await using folder = await temporaryFolder();
  for (const [what, script, message] of [
    [
      "deep",
      `for i in $(seq 22); do mkdir ${"d".repeat(200)}; cd -P ${"d".repeat(200)} 2>/dev/null; done`,
      /^Cannot read an app file: ENAMETOOLONG: name too long, /,
    ],
    [
      "latin1",
      `touch "$(printf 'caf\\351')"`,
      /^Cannot read an app file: ENOENT: .*, lstat '.*caf/,
    ],
  ] as const) {
    const root = path.join(folder.path, what);
    await mkdir(root);
    execFileSync("sh", ["-c", script], { cwd: root });
    await assert.rejects(scan(root, folder.path), (error: unknown) => {
      assert.ok(error instanceof Failure, String(error));
      assert.match(error.message, message);
      return true;
    });
    // Node's rm gives up on such depths.
    execFileSync("rm", ["-rf", root]);
  }
});

test("large files, which are deflated beside one another, and small ones between them are packed in their order", async () => {
  await using folder = await temporaryFolder();
  const root = path.join(folder.path, "app");
  await mkdir(root);
  const names = Array.from({ length: 12 }, (_, index) => `file-${String(index).padStart(2, "0")}`);
  for (const [index, name] of names.entries()) {
    const line =
      index % 3 === 0 ? `${name}\n` : `${name} ${"x".repeat(200)}\n`.repeat(1 + index * 500);
    await writeFile(path.join(root, name), line);
  }
  await writeFile(path.join(root, "random"), randomBytes(300_000));
  const target = path.join(folder.path, "app.zip");
  {
    await using zip = await ZipWriter.create(target);
    await packageFolder(zip, root, await scan(root, path.join(folder.path, "cache")));
    await zip.finish();
  }

  const listed = execFileSync("unzip", ["-Z1", target], { encoding: "utf8" });
  assert.deepEqual(listed.trim().split("\n"), [...names, "random"]);
  execFileSync("unzip", ["-q", target, "-d", path.join(folder.path, "out")]);
  execFileSync("diff", ["-r", root, path.join(folder.path, "out")]);
});
