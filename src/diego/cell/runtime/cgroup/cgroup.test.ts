import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, test } from "node:test";
import { cgroupLayout, keyedValue } from "./cgroup-files.ts";
import { limitsNotInForce } from "./verify-limits.ts";

const root = mkdtempSync(path.join(tmpdir(), "rivera-cgroup-"));
const limits = { memoryBytes: 64 * 1024 ** 2, pids: 50, cpuShares: 102, diskBytes: 0 };

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const v1 = {
  "memory/rivera/a/memory.limit_in_bytes": "67108864",
  "memory/rivera/a/memory.memsw.limit_in_bytes": "67108864",
  "pids/rivera/a/pids.max": "50",
  "cpu/rivera/a/cpu.shares": "102",
};
const v2 = {
  "cgroup.controllers": "cpu memory pids",
  "rivera/a/memory.max": "67108864",
  "rivera/a/memory.swap.max": "0",
  "rivera/a/pids.max": "50",
  "rivera/a/cpu.weight": "4",
};

for (const [name, files] of [
  ["v1", v1],
  ["v2", v2],
] as const) {
  test(`limits of control groups ${name} are in force where every file says so`, () => {
    makeTree(files);

    assert.deepEqual(limitsNotInForce(cgroupLayout(root), "/rivera/a", limits), []);
  });

  for (const file of Object.keys(files).filter(
    (key) => key.startsWith("rivera") || name === "v1",
  )) {
    test(`a limit of ${name} that the runtime left out is named: ${path.basename(file)}`, () => {
      makeTree({ ...files, [file]: "max" });

      assert.equal(limitsNotInForce(cgroupLayout(root), "/rivera/a", limits).length, 1);
    });
  }
}

test("a control group that is not there has no limit in force, but swap accounting may be off", () => {
  makeTree({ "pids/x": "" });

  assert.deepEqual(limitsNotInForce(cgroupLayout(root), "/rivera/a", limits), [
    "memoryLimit cannot be read",
    "pidsLimit cannot be read",
    "cpuShares cannot be read",
  ]);
});

test("no limit that is not asked for is expected", () => {
  makeTree(v1);

  const none = { memoryBytes: 0, pids: 0, cpuShares: 0, diskBytes: 0 };
  assert.deepEqual(limitsNotInForce(cgroupLayout(root), "/rivera/a", none), []);
});

test("keyedValue() takes the whole key", () => {
  const text = "oom 1\noom_kill_disable 0\noom_kill 3";

  assert.equal(keyedValue(text, "oom_kill"), 3);
  assert.equal(keyedValue(text, "kill"), undefined);
  assert.equal(keyedValue(undefined, "oom_kill"), undefined);
});

function makeTree(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), `${content}\n`);
  }
}
