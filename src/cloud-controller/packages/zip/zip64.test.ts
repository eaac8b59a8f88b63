import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { runChecked } from "#kernel/process/run-command.ts";
import { assemblePackage, inspectUpload } from "./assemble-package.ts";

const limits = { maxTotalBytes: 1024 ** 3, maxEntries: 100_000, maxCachedFileBytes: 1024 ** 2 };

async function workspace() {
  const directory = await mkdtemp(path.join(tmpdir(), "zip64-"));
  return {
    directory,
    at: (name: string) => path.join(directory, name),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

test("an upload in the form of zip64 is read, though its files are small", async () => {
  await using space = await workspace();
  await writeFile(space.at("one"), "content of one");
  await runChecked("zip", ["-q", "-fz", "upload", "one"], { cwd: space.directory });

  const { entries } = await inspectUpload(space.at("upload.zip"), limits);

  assert.deepEqual(
    entries.map(({ entry, sha1 }) => [entry.name, entry.size, sha1]),
    [["one", 14, hash("sha1", "content of one")]],
  );
});

test("a package of more files than a plain zip can count is read by unzip, and as an upload again", async () => {
  await using space = await workspace();
  const content = "the same";
  await writeFile(space.at("matched"), content);
  const file = {
    sha256: hash("sha256", content),
    size: content.length,
    modified: 0x210000,
    method: 0,
    crc32: crc32(content),
    packedCrc32: crc32(content),
    compressedSize: content.length,
    source: 0,
    offset: 0,
    mode: 0o644,
  };
  const names = Array.from({ length: 66_000 }, (_, index) => `folder-${index % 100}/f${index}`);

  await assemblePackage(
    undefined,
    {
      target: space.at("package.zip"),
      matched: names.map((name) => ({ ...file, name })),
      sources: [space.at("matched")],
      packs: { prefix: space.at("pack-"), wanted: new Set(), packBytes: 1, ownBytes: 1 },
    },
    limits,
  );
  const count = 'unzip -Z1 "$1" | wc -l';
  const listed = await runChecked("sh", ["-c", count, "sh", space.at("package.zip")]);
  const { entries } = await inspectUpload(space.at("package.zip"), limits);

  assert.equal(Number(listed), names.length);
  assert.ok(names.toSorted().every((name, index) => entries[index]?.entry.name === name));
  assert.equal(
    await runChecked("unzip", ["-p", space.at("package.zip"), "folder-99/f65999"]),
    content,
  );
});
