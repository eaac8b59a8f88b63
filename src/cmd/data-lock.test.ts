import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { lockDataDir } from "./data-lock.ts";

function scratch(): Disposable & { readonly path: string } {
  const directory = mkdtempSync(path.join(tmpdir(), "rivera-lock-"));
  return { path: directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

test("lockDataDir() refuses a folder that a living process holds, naming process and mend", () => {
  using dir = scratch();
  const other = spawn("sleep", ["60"]);
  try {
    const stat = readFileSync(`/proc/${other.pid}/stat`, "utf8");
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    writeFileSync(path.join(dir.path, "lock"), `${other.pid} ${ticks}`);

    assert.throws(() => lockDataDir(dir.path), new RegExp(`process ${other.pid} .* --data`));
  } finally {
    other.kill("SIGKILL");
  }
});

test("lockDataDir() takes over what a killed process left, even if its id lives on in another", () => {
  using dir = scratch();
  writeFileSync(path.join(dir.path, "lock"), "1 12345678901");

  using lock = lockDataDir(dir.path);

  assert.ok(lock);
  assert.match(readFileSync(path.join(dir.path, "lock"), "utf8"), new RegExp(`^${process.pid} `));
});

test("lockDataDir() frees the folder on dispose", () => {
  using dir = scratch();
  lockDataDir(dir.path)[Symbol.dispose]();
  lockDataDir(dir.path)[Symbol.dispose]();

  assert.throws(() => readFileSync(path.join(dir.path, "lock")), /ENOENT/);
});
