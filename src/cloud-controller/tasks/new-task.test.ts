import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../config.ts";
import type { CreateTask } from "./messages.ts";
import { taskFaults, taskUserFaults, wantedTask } from "./new-task.ts";

const template = {
  startCommand: "bin/work",
  user: "vcap",
  memoryInMb: 64,
  diskInMb: 128,
  logRateLimitInBytesPerSecond: 4096,
};

test("a task takes what it is given, then what its template has, then the defaults", () => {
  const cases: [CreateTask, typeof template | undefined, Record<string, unknown>][] = [
    [
      { command: "x" },
      undefined,
      { name: "0a1b2c3d", command: "x", user: null, memoryInMb: 1024, diskInMb: 1024 },
    ],
    [
      { template: { process: { guid: "p" } } },
      template,
      {
        command: "bin/work",
        user: "vcap",
        memoryInMb: 64,
        diskInMb: 128,
        logRateLimitInBytesPerSecond: 4096,
      },
    ],
    [
      { name: "n", command: "y", memory_in_mb: 32, log_rate_limit_in_bytes_per_second: 0 },
      template,
      { name: "n", command: "y", memoryInMb: 32, diskInMb: 128, logRateLimitInBytesPerSecond: 0 },
    ],
    [{ command: null }, template, { command: null }],
  ];
  for (const [message, from, expected] of cases) {
    const facts = { template: from, defaults: defaultLimits, generatedName: "0a1b2c3d" };
    assert.partialDeepStrictEqual(wantedTask(message, facts), expected);
  }
});

test("a task that cannot be says so in the original's words", () => {
  const fine = {
    name: "migrate",
    command: "x",
    user: null,
    memoryInMb: 1,
    diskInMb: 1,
    logRateLimitInBytesPerSecond: -1,
  };
  const cases: [Partial<typeof fine> | Record<string, unknown>, string[]][] = [
    [{}, []],
    [{ name: "mit Leerzeichen: ünïcode ✓", user: "VCAP" }, []],
    [{ name: "a\tb" }, ["name format"]],
    [{ name: "" }, ["name format", "name presence"]],
    [{ command: null }, ["command presence"]],
    [{ command: "x".repeat(4096) }, []],
    [{ command: "x".repeat(4097) }, ["command must be shorter than 4097 characters"]],
    [
      { user: "root" },
      ["user invalid (requested user 'root' not allowed, permitted users are: 'vcap')"],
    ],
  ];
  for (const [change, faults] of cases) {
    const task = { ...fine, ...change };
    assert.deepEqual([...taskFaults(task), ...taskUserFaults(task)], faults);
  }
});
