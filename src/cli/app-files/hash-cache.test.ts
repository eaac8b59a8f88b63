import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdir, readdir, readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { HashCache } from "./hash-cache.ts";
import { scanFolder } from "./scan-folder.ts";

const signal = new AbortController().signal;

/** An app whose cache lies beside it, and a clock that tells when it is scanned. */
async function appFolder(files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  const root = path.join(folder.path, "app");
  const cacheFolder = path.join(folder.path, "cache");
  await mkdir(root);
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(root, name), content);
  }
  return {
    root,
    cacheFolder,
    file: (name: string) => path.join(root, name),
    /** The hashes by path, as scanned `aheadMs` from now. */
    async scan(aheadMs: number): Promise<Record<string, string>> {
      const now = () => new Date(Date.now() + aheadMs);
      const clock = { now, sleep: () => Promise.reject(new Error("A scan does not sleep")) };
      const found = await scanFolder(root, { signal, clock, cacheFolder });
      return Object.fromEntries(found.map((file) => [file.path, file.sha1]));
    },
    async cacheText(): Promise<string> {
      const [name] = await readdir(cacheFolder);
      return await readFile(path.join(cacheFolder, name ?? ""), "utf8");
    },
    async writeCache(text: string): Promise<void> {
      const [name] = await readdir(cacheFolder);
      await writeFile(path.join(cacheFolder, name ?? ""), text);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const minute = 60_000;

/** The cache's text with another hash for every file and the right checksum: what it says shows in the next scan. */
function lying(text: string): string {
  const body = text
    .slice(0, text.lastIndexOf("\n", text.length - 2) + 1)
    .replaceAll(/^[0-9a-f]{40} /gm, `${"0".repeat(40)} `);
  return `${body}${hash("sha1", body)}\n`;
}

test("a scan takes the hashes of unchanged files from the cache, and reads those that have changed", async () => {
  await using app = await appFolder({ same: "same", "with spaces and ünicode": "x", other: "old" });
  await app.scan(minute);
  await app.writeCache(lying(await app.cacheText()));
  await writeFile(app.file("other"), "new");
  await writeFile(app.file("added"), "added");

  const hashes = await app.scan(minute);

  assert.deepEqual(hashes, {
    same: "0".repeat(40),
    "with spaces and ünicode": "0".repeat(40),
    other: hash("sha1", "new"),
    added: hash("sha1", "added"),
  });
});

test("a file changed to the same size and mtime, or replaced by another, is read again", async () => {
  await using app = await appFolder({ edited: "old", replaced: "old", beside: "new" });
  const { atime, mtime } = await stat(app.file("edited"));
  await app.scan(minute);
  await writeFile(app.file("edited"), "new");
  await utimes(app.file("edited"), atime, mtime);
  await rename(app.file("beside"), app.file("replaced"));

  const hashes = await app.scan(minute);

  assert.deepEqual(hashes, { edited: hash("sha1", "new"), replaced: hash("sha1", "new") });
});

test("a file that changed within two seconds before the scan is not kept: its next change might not show", async () => {
  await using app = await appFolder({ fresh: "x" });

  await app.scan(0);

  await assert.rejects(readdir(app.cacheFolder), { code: "ENOENT" });
});

test("a cache that is cut, changed, foreign or of another format is as good as none", async () => {
  await using app = await appFolder({ file: "content" });
  await app.scan(minute);
  const text = lying(await app.cacheText());
  const withChecksum = (body: string) => `${body}${hash("sha1", body)}\n`;
  const body = text.slice(0, text.lastIndexOf("\n", text.length - 2) + 1);

  for (const [what, wrong] of [
    ["empty", ""],
    ["cut", text.slice(0, -30)],
    ["without checksum", body],
    ["one byte changed", text.replace(" 7 ", " 8 ")],
    ["of another folder", withChecksum(body.replace("/app", "/other"))],
    ["of another format", withChecksum(body.replace("rivera-hashes 1", "rivera-hashes 2"))],
    ["binary", "\0\u{1f600}\n\n\n"],
  ] as const) {
    await app.writeCache(wrong);
    assert.deepEqual(await app.scan(minute), { file: hash("sha1", "content") }, what);
    // Whatever it was, it has been replaced by a good one.
    assert.match(await app.cacheText(), /^rivera-hashes 1 .*\n[0-9a-f]{40} 7 /, what);
  }
});

test("a cache that cannot be written does not end the scan", async () => {
  await using app = await appFolder({ file: "content" });
  await writeFile(app.cacheFolder, "a file where the folder should be");

  assert.deepEqual(await app.scan(minute), { file: hash("sha1", "content") });
});

test("the caches of the fifty folders scanned last are kept", async () => {
  await using folder = await temporaryFolder();
  const stamp = { size: 1, mtimeMs: 1, ctimeMs: 1, ino: 1 };
  const file = { path: "f", stamp, sha1: "0".repeat(40) };
  const rootOf = (index: number) => `/apps/${index}`;
  for (let index = 0; index < 52; index += 1) {
    HashCache.open(folder.path, rootOf(index)).save([file], minute);
    const old = path.join(folder.path, hash("sha1", rootOf(index)));
    await utimes(old, index, index);
  }
  const rewritten = HashCache.open(folder.path, rootOf(51));
  rewritten.save([{ ...file, stamp: { ...stamp, size: 2 } }], minute);

  const knows = (index: number) => HashCache.open(folder.path, rootOf(index)).sha1Of("f", stamp);
  assert.equal((await readdir(folder.path)).length, 50);
  assert.deepEqual([knows(0), knows(1)], [undefined, undefined]);
  assert.equal(knows(40), file.sha1);
});
