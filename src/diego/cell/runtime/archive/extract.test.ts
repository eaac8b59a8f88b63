import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { Spawner } from "#kernel/process/spawner.ts";
import { UnsafeArchive } from "../container-runtime.ts";
import { extractArchive } from "./extract.ts";

const mebibyte = 1024 ** 2;
const ownId = process.getuid?.() ?? 0;

/** A folder with `from`, which holds files of several sizes, and `into`. */
function folders(t: TestContext) {
  const top = mkdtempSync(path.join(tmpdir(), "rivera-extract-"));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  chmodSync(top, 0o755);
  const [from, into] = [path.join(top, "from"), path.join(top, "into")];
  for (const folder of [from, path.join(from, "bin"), into]) mkdirSync(folder);
  writeFileSync(path.join(from, "bin/run"), "#!/bin/sh\n", { mode: 0o755 });
  for (let at = 0; at < 50; at += 1)
    writeFileSync(path.join(from, `file-${at}`), `${at}`.repeat(50 * at));
  writeFileSync(path.join(from, "large"), Buffer.alloc(3 * mebibyte + 1, "rivera "));
  const spawner = new Spawner();
  t.after(() => spawner[Symbol.asyncDispose]());
  const extract = (archive: string, maximumBytes?: number) =>
    extractArchive({
      spawner,
      archive,
      into,
      below: "/home/vcap",
      owner: ownId,
      ...(maximumBytes === undefined ? {} : { maximumBytes }),
    });
  return { top, from, into, extract };
}

for (const [kind, command] of [
  ["tar", ["tar", "-cf", "../archive", "."]],
  ["tgz", ["tar", "-czf", "../archive", "."]],
  ["zip", ["zip", "-q", "-r", "../archive.zip", "."]],
] as const) {
  test(`extractArchive() unpacks a ${kind}, and tells what it takes on disk`, async (t) => {
    const { top, from, into, extract } = folders(t);
    execFileSync(command[0], command.slice(1), { cwd: from });

    const bytes = await extract(path.join(top, kind === "zip" ? "archive.zip" : "archive"));

    assert.equal(execFileSync("diff", ["-r", from, into], { encoding: "utf8" }), "");
    assert.equal(statSync(path.join(into, "bin/run")).mode & 0o777, 0o755);
    const files = [...readdirSync(from), "bin/run"].map((name) => statSync(path.join(from, name)));
    const sizes = files.filter((each) => each.isFile()).map(({ size }) => Math.ceil(size / 4096));
    assert.equal(bytes, 4096 * sizes.reduce((sum, size) => sum + size, 0));
    assert.deepEqual(readdirSync(top).toSorted(), [
      kind === "zip" ? "archive.zip" : "archive",
      "from",
      "into",
    ]);
  });
}

test("extractArchive() unpacks a large zip as it does a small one, and refuses a torn one", async (t) => {
  const { top, from, into, extract } = folders(t);
  const noise = Buffer.alloc(5 * mebibyte);
  for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  writeFileSync(path.join(from, "large"), noise);
  execFileSync("zip", ["-q", "-r", "-0", "../archive.zip", "."], { cwd: from });
  const zip = readFileSync(path.join(top, "archive.zip"));
  writeFileSync(path.join(top, "torn.zip"), zip.subarray(0, zip.length - 500));

  await extract(path.join(top, "archive.zip"));
  assert.equal(execFileSync("diff", ["-r", from, into], { encoding: "utf8" }), "");
  await assert.rejects(extract(path.join(top, "torn.zip")), UnsafeArchive);
});

test("extractArchive() refuses what is no whole gzip, and what grows beyond all measure, and extracts nothing of it", async (t) => {
  const { top, from, into, extract } = folders(t);
  execFileSync("tar", ["-czf", "../whole.tgz", "."], { cwd: from });
  const whole = readFileSync(path.join(top, "whole.tgz"));
  writeFileSync(path.join(top, "torn.tgz"), whole.subarray(0, whole.length - 100));
  truncateSync(path.join(from, "large"), 8 * mebibyte);
  execFileSync("tar", ["-czf", "../bomb.tgz", "large"], { cwd: from });
  execFileSync("zip", ["-q", "../bomb.zip", "large"], { cwd: from });

  await assert.rejects(extract(path.join(top, "torn.tgz")), /no whole gzip/);
  for (const bomb of ["bomb.tgz", "bomb.zip"]) {
    await assert.rejects(extract(path.join(top, bomb), mebibyte), (error) => {
      assert.ok(error instanceof UnsafeArchive);
      assert.match(error.message, /its files are more than 1 MiB/);
      return true;
    });
  }

  assert.deepEqual(readdirSync(into), []);
});
