import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { LogFile } from "./log-file.ts";

test("lines are in the file at once, and behind those of an earlier run", () => {
  using scratch = temporaryFolder();
  const file = path.join(scratch.path, "a.log");

  for (const line of ["one\n", "two\n"]) {
    using log = new LogFile(file);
    log.write(line);
    assert.ok(readFileSync(file, "utf8").endsWith(line));
  }

  assert.equal(readFileSync(file, "utf8"), "one\ntwo\n");
});

test("a file that has become too long gives way to a new one; the one before it is kept, both their owner's alone", () => {
  using scratch = temporaryFolder();
  const file = path.join(scratch.path, "a.log");
  using log = new LogFile(file, { maximumBytes: 8 });

  for (const line of ["first 1\n", "second 2\n", "third 3\n"]) log.write(line);

  assert.equal(readFileSync(`${file}.1`, "utf8"), "second 2\n");
  assert.equal(readFileSync(file, "utf8"), "third 3\n");
  for (const each of [file, `${file}.1`]) assert.equal(statSync(each).mode & 0o777, 0o600);
});

test("a full disk loses lines and nothing else", () => {
  using log = new LogFile("/dev/full");

  log.write("one\n");
  log.write("two\n");
});

function temporaryFolder(): Disposable & { readonly path: string } {
  const folder = mkdtempSync(path.join(tmpdir(), "rivera-log-"));
  return { path: folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
