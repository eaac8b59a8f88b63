import assert from "node:assert/strict";
import { test } from "node:test";
import { epochStart, pendingTask, runningTask } from "#diego/models/model-builders.ts";
import type { Task } from "#diego/models/task.ts";
import { planTaskConvergence, type TaskFacts } from "./plan-task-convergence.ts";

const ago = (seconds: number) => new Date(epochStart.getTime() - seconds * 1_000);

const cellA = { present: new Set(["cell-a"]), isComplete: true };

function facts(task: Task, overrides: Partial<TaskFacts> = {}): TaskFacts {
  return {
    now: epochStart,
    upSince: ago(3_600),
    tasks: [task],
    cells: cellA,
    kickAfterMs: 30_000,
    expireCompletedAfterMs: 120_000,
    expirePendingAfterMs: 1_800_000,
    ...overrides,
  };
}

const pending = (seconds: number) =>
  pendingTask({ createdAt: ago(seconds), updatedAt: ago(seconds) });
const completed = (updated: number, completedAt = updated) =>
  pendingTask({
    state: "COMPLETED",
    updatedAt: ago(updated),
    firstCompletedAt: ago(completedAt),
  });
const resolving = (updated: number, completedAt = updated): Task => ({
  ...completed(updated, completedAt),
  state: "RESOLVING",
});

const noCells = { present: new Set<string>(), isComplete: true };

for (const [name, task, overrides, want] of [
  ["a pending task is offered again in the next pass", pending(28), {}, ["auction"]],
  ["a pending task is not offered twice in a moment", pending(5), {}, []],
  [
    "a pending task of an earlier process is offered at once",
    pending(5),
    { upSince: ago(1) },
    ["auction"],
  ],
  [
    "a pending task is offered, and rejected, where no cell is",
    pending(28),
    { cells: noCells },
    ["auction"],
  ],
  [
    "a pending task waits for the first cell after a start",
    pending(28),
    { cells: { ...noCells, isComplete: false } },
    [],
  ],
  [
    "a pending task fails after half an hour",
    pending(1_800),
    {},
    ["fail: not started within time limit"],
  ],
  ["a running task is left alone", runningTask("cell-a", { updatedAt: ago(9_999) }), {}, []],
  [
    "a running task fails with its cell",
    runningTask("cell-b"),
    {},
    ["fail: cell disappeared before completion"],
  ],
  [
    "a running task does not fail while its cell may come back after a start",
    runningTask("cell-b"),
    { cells: { ...cellA, isComplete: false } },
    [],
  ],
  ["a task that has just completed is left alone", completed(29), {}, []],
  ["a completed task is told after 30 s", completed(30), {}, ["tell"]],
  ["a completed task goes after 120 s", completed(30, 120), {}, ["remove"]],
  ["a task that is being told is left alone", resolving(29), {}, []],
  ["a task that nobody finished telling is told again", resolving(30), {}, ["kick"]],
  ["a task that could not be told goes after 120 s", resolving(30, 120), {}, ["remove"]],
  [
    "a task that a killed process was telling is told at once",
    resolving(5),
    { upSince: ago(1) },
    ["kick"],
  ],
  [
    "time in which the BBS was down does not expire a task",
    completed(600),
    { upSince: ago(1) },
    ["tell"],
  ],
] satisfies [string, Task, Partial<TaskFacts>, string[]][]) {
  test(name, () => {
    const decisions = planTaskConvergence(facts(task, overrides)).map((decision) =>
      decision.kind === "fail" ? `fail: ${decision.reason}` : decision.kind,
    );
    assert.deepEqual(decisions, want);
  });
}
