import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { after, test } from "node:test";
import { ZipFile } from "yazl";
import { BadArchive, zipToTar } from "./zip-to-tar.ts";

const folder = mkdtempSync(path.join(tmpdir(), "rivera-zip-"));
after(() => rmSync(folder, { recursive: true }));

test("zipToTar() keeps names, modes, links and content", async () => {
  const long = `bin/${"a".repeat(150)}`;
  const file = await zipOf((zip) => {
    zip.addEmptyDirectory("lib/", { mode: 0o40755 });
    zip.addBuffer(Buffer.from("#!/bin/sh\n"), "bin/detect", { mode: 0o100755 });
    zip.addBuffer(Buffer.alloc(100_000, "content "), long, { mode: 0o100644 });
    zip.addBuffer(Buffer.from("detect"), "bin/link", { mode: 0o120777 });
    zip.addBuffer(Buffer.alloc(0), "empty", { mode: 0o100600 });
  });

  const tar = await buffer(zipToTar(file, { links: "any" }));

  const listing = execFileSync("tar", ["-tvf", "-"], { input: tar, encoding: "utf8" });
  const lines = listing
    .trim()
    .split("\n")
    .map((line) => line.replace(/ +\d{4}-\d\d-\d\d.\d\d:\d\d/, ""));
  assert.deepEqual(
    lines.map((line) => line.replace(/ +/g, " ")),
    [
      "drwxr-xr-x 0/0 0 lib/",
      "-rwxr-xr-x 0/0 10 bin/detect",
      `-rw-r--r-- 0/0 100000 ${long}`,
      "lrwxrwxrwx 0/0 0 bin/link -> detect",
      "-rw------- 0/0 0 empty",
    ],
  );
  const content = execFileSync("tar", ["-xOf", "-", long], { input: tar });
  assert.ok(content.equals(Buffer.alloc(100_000, "content ")));
});

test("zipToTar() goes on after a file that is too big to be inflated in memory", async () => {
  const big = Buffer.concat(
    Array.from({ length: 3000 }, (_, index) => createHash("sha512").update(`${index}`).digest()),
    192_000,
  );
  const contents = [Buffer.alloc(3_000_000, big), Buffer.alloc(2_000_000, "x"), Buffer.from("end")];
  const file = await zipOf((zip) => {
    for (const [index, content] of contents.entries()) {
      zip.addBuffer(content, `${index}`, { compress: index !== 0 });
    }
  });

  const tar = await buffer(zipToTar(file, { links: "any" }));

  for (const [index, content] of contents.entries()) {
    const found = execFileSync("tar", ["-xOf", "-", `${index}`], {
      input: tar,
      maxBuffer: 4_000_000,
    });
    assert.ok(found.equals(content), `file ${index}`);
  }
});

test("zipToTar() refuses devices, names outside, lying sizes and what is no zip", async () => {
  const device = await zipOf((zip) => zip.addBuffer(Buffer.alloc(0), "dev", { mode: 0o020666 }));
  const climbing = await patched("aa/x", "../x");
  const lying = await zipOf((zip) => zip.addBuffer(Buffer.alloc(9000, "x"), "f"));
  // The uncompressed size of the one entry, as the central directory tells it.
  await patch(lying, (bytes) => bytes.writeUInt32LE(10, bytes.lastIndexOf("PK\u0001\u0002") + 24));
  const nothing = path.join(folder, "nothing");
  await writeFile(nothing, "PK, but no zip");

  for (const file of [device, climbing, lying, nothing]) {
    await assert.rejects(buffer(zipToTar(file, { links: "any" })), BadArchive);
  }
});

test("zipToTar() ends before it has made more than it may, and refuses names that no file can have", async () => {
  const two = await zipOf((zip) => {
    zip.addBuffer(Buffer.alloc(1024 ** 2), "a");
    zip.addBuffer(Buffer.from("x"), "b");
  });
  const long = await zipOf((zip) => zip.addBuffer(Buffer.from("x"), "a/".repeat(2048) + "b"));

  const whole = await buffer(zipToTar(two, { links: "any", maximumBytes: 1024 ** 2 + 1 }));
  assert.ok(whole.length > 1024 ** 2);
  await assert.rejects(
    buffer(zipToTar(two, { links: "any", maximumBytes: 1024 ** 2 })),
    (error) => error instanceof BadArchive && /its files are more than 1 MiB/.test(error.message),
  );
  await assert.rejects(buffer(zipToTar(long, { links: "any" })), /is too long a name/);
});

let count = 0;

async function zipOf(fill: (zip: ZipFile) => void): Promise<string> {
  const zip = new ZipFile();
  fill(zip);
  zip.end();
  count += 1;
  const file = path.join(folder, `${count}.zip`);
  await pipeline(zip.outputStream, createWriteStream(file));
  return file;
}

/** A zip with a name that no honest writer would make, of the same length as an honest one. */
async function patched(honest: string, name: string): Promise<string> {
  const file = await zipOf((zip) => zip.addBuffer(Buffer.from("x"), honest));
  await patch(file, (bytes) => {
    for (let at = bytes.indexOf(honest); at !== -1; at = bytes.indexOf(honest)) {
      bytes.write(name, at, "latin1");
    }
  });
  return file;
}

async function patch(file: string, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(file);
  change(bytes);
  await writeFile(file, bytes);
}
