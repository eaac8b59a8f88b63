import type { BbsErrorType } from "./bbs-error.ts";
import type { Task, TaskDefinition } from "./task.ts";
import { truncatedReason } from "./truncated-reason.ts";

// One function an event of a task's life:
//
//   PENDING   waits for a cell. Exits: start -> RUNNING; cancel, fail, last rejection -> COMPLETED.
//   RUNNING   a cell has it. Exits: complete, cancel, fail, last rejection -> COMPLETED; rejection -> PENDING.
//   COMPLETED its outcome is known, its owner is still to be told. Exits: resolve -> RESOLVING; expiry -> deleted.
//   RESOLVING one party is telling the owner. Exits: delete; kick (nobody finished telling) -> COMPLETED.

export interface TaskRefused {
  readonly kind: "refused";
  readonly type: BbsErrorType;
  readonly message: string;
}

export type TaskTransition =
  | { readonly kind: "changed"; readonly task: Task }
  | { readonly kind: "unchanged" }
  | TaskRefused;

export function createTask(
  desired: {
    readonly definition: TaskDefinition;
    readonly taskGuid: string;
    readonly domain: string;
  },
  now: Date,
): Task {
  return {
    ...desired,
    createdAt: now,
    updatedAt: now,
    firstCompletedAt: undefined,
    state: "PENDING",
    cellId: "",
    result: "",
    failed: false,
    failureReason: "",
    rejectionCount: 0,
    rejectionReason: "",
  };
}

/** Repeated by the cell that has it, it is `unchanged`: the cell must not run it twice. */
export function startTask(task: Task, cellId: string, now: Date): TaskTransition {
  switch (task.state) {
    case "PENDING":
      return { kind: "changed", task: { ...task, state: "RUNNING", cellId, updatedAt: now } };
    case "RUNNING":
      if (task.cellId === cellId) return { kind: "unchanged" };
      return refused("RunningOnDifferentCell", task, `start on cell "${cellId}"`);
    case "COMPLETED":
    case "RESOLVING":
      return refused("InvalidStateTransition", task, "start");
  }
}

export function completeTask(
  task: Task,
  completion: {
    readonly cellId: string;
    readonly failed: boolean;
    readonly failureReason: string;
    readonly result: string;
  },
  now: Date,
): TaskTransition {
  switch (task.state) {
    case "RUNNING":
      if (task.cellId !== completion.cellId) {
        return refused("RunningOnDifferentCell", task, `complete from "${completion.cellId}"`);
      }
      return { kind: "changed", task: completed(task, completion, now) };
    case "PENDING":
    case "COMPLETED":
    case "RESOLVING":
      return refused("InvalidStateTransition", task, "complete");
  }
}

/** Fails it before a cell has completed it: cancelled, expired, or given up after rejections. */
export function failTask(task: Task, failureReason: string, now: Date): TaskTransition {
  switch (task.state) {
    case "PENDING":
    case "RUNNING":
      return {
        kind: "changed",
        task: completed(task, { failed: true, failureReason, result: "" }, now),
      };
    case "COMPLETED":
    case "RESOLVING":
      return refused("InvalidStateTransition", task, "fail");
  }
}

export function cancelTask(task: Task, now: Date): TaskTransition {
  return failTask(task, "task was cancelled", now);
}

/**
 * No cell could take it, or the one that did could not make its container. Convergence offers it again, until it has
 * been rejected `maxRetries` times before; then this rejection fails it. The cell id outlives a rejection, as in Diego.
 */
export function rejectTask(
  task: Task,
  rejection: { readonly reason: string; readonly maxRetries: number },
  now: Date,
): TaskTransition {
  switch (task.state) {
    case "PENDING":
    case "RUNNING":
      break;
    case "COMPLETED":
    case "RESOLVING":
      return refused("InvalidRequest", task, "reject");
  }
  const rejected: Task = {
    ...task,
    state: "PENDING",
    updatedAt: now,
    rejectionCount: task.rejectionCount + 1,
    rejectionReason: truncatedReason(rejection.reason),
  };
  return task.rejectionCount >= rejection.maxRetries
    ? failTask(rejected, rejection.reason, now)
    : { kind: "changed", task: rejected };
}

export function resolveTask(task: Task, now: Date): TaskTransition {
  switch (task.state) {
    case "COMPLETED":
      return { kind: "changed", task: { ...task, state: "RESOLVING", updatedAt: now } };
    case "PENDING":
    case "RUNNING":
    case "RESOLVING":
      return refused("InvalidStateTransition", task, "resolve");
  }
}

/** Nobody has finished telling its owner. `updatedAt` stays, so that the same pass of convergence tells anew. */
export function kickTask(task: Task): TaskTransition {
  switch (task.state) {
    case "RESOLVING":
      return { kind: "changed", task: { ...task, state: "COMPLETED" } };
    case "PENDING":
    case "RUNNING":
    case "COMPLETED":
      return refused("InvalidStateTransition", task, "kick");
  }
}

export function deleteTask(task: Task): { readonly kind: "delete" } | TaskRefused {
  switch (task.state) {
    case "RESOLVING":
      return { kind: "delete" };
    case "PENDING":
    case "RUNNING":
    case "COMPLETED":
      return refused("InvalidStateTransition", task, "delete");
  }
}

function completed(
  task: Task,
  outcome: { readonly failed: boolean; readonly failureReason: string; readonly result: string },
  now: Date,
): Task {
  return {
    ...task,
    state: "COMPLETED",
    cellId: "",
    failed: outcome.failed,
    failureReason: truncatedReason(outcome.failureReason),
    result: outcome.result,
    updatedAt: now,
    firstCompletedAt: now,
  };
}

function refused(type: BbsErrorType, task: Task, verb: string): TaskRefused {
  const holder = task.state === "RUNNING" ? ` on cell "${task.cellId}"` : "";
  return {
    kind: "refused",
    type,
    message: `Cannot ${verb} task "${task.taskGuid}": it is ${task.state}${holder}`,
  };
}
