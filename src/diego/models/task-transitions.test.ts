import assert from "node:assert/strict";
import { test } from "node:test";
import { epochStart, pendingTask, taskDefinition } from "./model-builders.ts";
import {
  cancelTask,
  completeTask,
  createTask,
  deleteTask,
  failTask,
  kickTask,
  rejectTask,
  resolveTask,
  startTask,
} from "./task-transitions.ts";
import type { Task, TaskState } from "./task.ts";

const now = new Date(epochStart.getTime() + 10_000);

function inState(state: TaskState): Task {
  return pendingTask({ state, cellId: state === "RUNNING" ? "cell-a" : "" });
}

const completion = { failed: false, failureReason: "", result: "{}" };

const table = {
  "start on A": (task) => startTask(task, "cell-a", now),
  "start on B": (task) => startTask(task, "cell-b", now),
  "complete from A": (task) => completeTask(task, { ...completion, cellId: "cell-a" }, now),
  "complete from B": (task) => completeTask(task, { ...completion, cellId: "cell-b" }, now),
  cancel: (task) => cancelTask(task, now),
  fail: (task) => failTask(task, "not started within time limit", now),
  reject: (task) => rejectTask(task, { reason: "no cell", maxRetries: 3 }, now),
  resolve: (task) => resolveTask(task, now),
  kick: kickTask,
  delete: deleteTask,
} satisfies Record<string, (task: Task) => Parameters<typeof outcome>[0]>;

const expected: Record<keyof typeof table, Record<TaskState, string>> = {
  "start on A": {
    PENDING: "RUNNING",
    RUNNING: "unchanged",
    COMPLETED: "InvalidStateTransition",
    RESOLVING: "InvalidStateTransition",
  },
  "start on B": {
    PENDING: "RUNNING",
    RUNNING: "RunningOnDifferentCell",
    COMPLETED: "InvalidStateTransition",
    RESOLVING: "InvalidStateTransition",
  },
  "complete from A": {
    PENDING: "InvalidStateTransition",
    RUNNING: "COMPLETED",
    COMPLETED: "InvalidStateTransition",
    RESOLVING: "InvalidStateTransition",
  },
  "complete from B": {
    PENDING: "InvalidStateTransition",
    RUNNING: "RunningOnDifferentCell",
    COMPLETED: "InvalidStateTransition",
    RESOLVING: "InvalidStateTransition",
  },
  cancel: {
    PENDING: "COMPLETED",
    RUNNING: "COMPLETED",
    COMPLETED: "InvalidStateTransition",
    RESOLVING: "InvalidStateTransition",
  },
  fail: {
    PENDING: "COMPLETED",
    RUNNING: "COMPLETED",
    COMPLETED: "InvalidStateTransition",
    RESOLVING: "InvalidStateTransition",
  },
  reject: {
    PENDING: "PENDING",
    RUNNING: "PENDING",
    COMPLETED: "InvalidRequest",
    RESOLVING: "InvalidRequest",
  },
  resolve: {
    PENDING: "InvalidStateTransition",
    RUNNING: "InvalidStateTransition",
    COMPLETED: "RESOLVING",
    RESOLVING: "InvalidStateTransition",
  },
  kick: {
    PENDING: "InvalidStateTransition",
    RUNNING: "InvalidStateTransition",
    COMPLETED: "InvalidStateTransition",
    RESOLVING: "COMPLETED",
  },
  delete: {
    PENDING: "InvalidStateTransition",
    RUNNING: "InvalidStateTransition",
    COMPLETED: "InvalidStateTransition",
    RESOLVING: "delete",
  },
};

function outcome(transition: {
  readonly kind: string;
  readonly task?: Task;
  readonly type?: string;
}): string {
  return transition.type ?? transition.task?.state ?? transition.kind;
}

for (const [event, apply] of Object.entries(table)) {
  for (const [state, want] of Object.entries(expected[event as keyof typeof table])) {
    test(`${event} of a ${state} task: ${want}`, () => {
      assert.equal(outcome(apply(inState(state as TaskState))), want);
    });
  }
}

test("a task begins PENDING, without a cell and without rejections", () => {
  const desired = { definition: taskDefinition(), taskGuid: "task-1", domain: "cf-app-staging" };
  assert.deepEqual(createTask(desired, epochStart), pendingTask());
});

test("completing stamps the outcome and lets go of the cell", () => {
  const transition = completeTask(
    inState("RUNNING"),
    { cellId: "cell-a", failed: true, failureReason: "STG: Exited with status 222", result: "" },
    now,
  );

  assert.ok(transition.kind === "changed");
  const { failed, failureReason, cellId, firstCompletedAt, updatedAt } = transition.task;
  assert.deepEqual(
    { failed, failureReason, cellId, firstCompletedAt, updatedAt },
    {
      failed: true,
      failureReason: "STG: Exited with status 222",
      cellId: "",
      firstCompletedAt: now,
      updatedAt: now,
    },
  );
});

test("a cancelled task says so", () => {
  const transition = cancelTask(inState("PENDING"), now);
  assert.ok(transition.kind === "changed");
  assert.equal(transition.task.failed, true);
  assert.equal(transition.task.failureReason, "task was cancelled");
});

test("three rejections are survived, the fourth fails the task with its reason", () => {
  let task = pendingTask();
  const seen: string[] = [];
  for (const reason of ["first", "second", "third", "fourth"]) {
    const transition = rejectTask(task, { reason, maxRetries: 3 }, now);
    assert.ok(transition.kind === "changed");
    task = transition.task;
    seen.push(`${task.state} ${task.rejectionCount} ${task.rejectionReason}`);
  }

  assert.deepEqual(seen, [
    "PENDING 1 first",
    "PENDING 2 second",
    "PENDING 3 third",
    "COMPLETED 4 fourth",
  ]);
  assert.equal(task.failed, true);
  assert.equal(task.failureReason, "fourth");
});

test("a long failure reason is cut and says that it was", () => {
  const transition = failTask(inState("PENDING"), "x".repeat(1_025), now);
  assert.ok(transition.kind === "changed");
  assert.equal(transition.task.failureReason.length, 1_024);
  assert.ok(transition.task.failureReason.endsWith("(truncated)"));
});

test("kicking leaves updatedAt alone, so that the same pass may tell the owner", () => {
  const transition = kickTask(inState("RESOLVING"));
  assert.ok(transition.kind === "changed");
  assert.equal(transition.task.updatedAt, epochStart);
});
