import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { planTaskSync, type TaskSyncPlan } from "./task-sync-plan.ts";
import type { TaskState } from "./task-table.ts";

const nothing: TaskSyncPlan = {
  toComplete: [],
  toMarkRunning: [],
  expired: [],
  lost: [],
  toCancel: [],
  unknown: [],
};

test("what a task here and a task there come to", () => {
  const now = systemClock.now();
  const ago = (ms: number) => {
    const then = systemClock.now();
    then.setTime(now.getTime() - ms);
    return then.toISOString();
  };
  const cases: {
    readonly here?: TaskState;
    readonly there?: "active" | "ended";
    readonly ageMs?: number;
    readonly plan: Partial<TaskSyncPlan>;
  }[] = [
    { plan: {} },
    { here: "PENDING", plan: {} },
    { here: "PENDING", ageMs: 299_000, plan: {} },
    { here: "PENDING", ageMs: 301_000, plan: { expired: ["t"] } },
    { here: "PENDING", ageMs: 301_000, there: "active", plan: { toMarkRunning: ["t"] } },
    { here: "PENDING", ageMs: 301_000, there: "ended", plan: { toComplete: ["t"] } },
    { here: "RUNNING", plan: { lost: ["t"] } },
    { here: "RUNNING", ageMs: 10_000_000, there: "active", plan: {} },
    { here: "RUNNING", there: "ended", plan: { toComplete: ["t"] } },
    { here: "CANCELING", plan: { lost: ["t"] } },
    { here: "CANCELING", there: "active", plan: { toCancel: ["t"] } },
    { here: "CANCELING", there: "ended", plan: { toComplete: ["t"] } },
    { there: "active", plan: { unknown: ["t"] } },
    { there: "ended", plan: {} },
  ];
  for (const { here, there, ageMs, plan } of cases) {
    const actual = planTaskSync({
      tasks: here === undefined ? [] : [{ guid: "t", state: here, createdAt: ago(ageMs ?? 0) }],
      diegoTasks: there === undefined ? [] : [{ guid: "t", isActive: there === "active" }],
      now,
    });
    assert.deepEqual(actual, { ...nothing, ...plan }, `${here} here, ${there} there`);
  }
});
