import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { runChecked } from "#kernel/process/run-command.ts";
import { assemblePackage, inspectUpload } from "./assemble-package.ts";
import { verifyEntry } from "./zip-content.ts";
import { readZipDirectory } from "./zip-directory.ts";

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

test("entries beyond 4 GiB are found where zip64 says", async () => {
  await using space = await workspace();
  const at = 5 * 1024 ** 3;
  const name = Buffer.from("far");
  const local = Buffer.concat([Buffer.from("504b03042d0008000000", "hex"), Buffer.alloc(20), name]);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE((3 << 8) | 45, 4);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt16LE(12, 30);
  entry.writeUInt32LE((0o100644 << 16) >>> 0, 38);
  entry.writeUInt32LE(0xffff_ffff, 42);
  const directory = Buffer.concat([entry, name, Buffer.from("01000800", "hex"), wide(at)]);
  const start = at + local.length;
  const end64 = Buffer.concat([
    Buffer.from("504b0606", "hex"),
    wide(44),
    Buffer.from("2d032d000000000000000000", "hex"),
    wide(1),
    wide(1),
    wide(directory.length),
    wide(start),
    Buffer.from("504b060700000000", "hex"),
    wide(start + directory.length),
    Buffer.from("01000000504b050600000000", "hex"),
    Buffer.from("01000100", "hex"),
    Buffer.from("ffffffffffffffff0000", "hex"),
  ]);
  // Sparse: the first 5 GiB take no room.
  const fd = openSync(space.at("zip"), "w+");
  try {
    writeSync(fd, Buffer.concat([local, directory, end64]), 0, undefined, at);

    const found = readZipDirectory(fd, { maxEntries: 1 });
    const [only] = found.entries;

    assert.equal(found.offset, start);
    assert.deepEqual([only?.name, only?.localHeaderOffset, only?.size], ["far", at, 0]);
    assert.ok(only !== undefined);
    const verified = await verifyEntry(fd, only, found.offset);
    assert.equal(verified.dataOffset, start);
  } finally {
    closeSync(fd);
  }
});

function wide(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
