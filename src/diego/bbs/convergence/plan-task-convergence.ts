import type { Task } from "#diego/models/task.ts";

export interface TaskFacts {
  readonly now: Date;
  /** When this BBS started. */
  readonly upSince: Date;
  readonly tasks: readonly Task[];
  /** `isComplete` false: no cell counts as missing, and where there is none at all some will come. */
  readonly cells: { readonly present: ReadonlySet<string>; readonly isComplete: boolean };
  readonly kickAfterMs: number;
  readonly expireCompletedAfterMs: number;
  readonly expirePendingAfterMs: number;
}

/** One decision about one task, at most; rows are as the facts had them. */
export type TaskDecision =
  | { readonly kind: "fail"; readonly task: Task; readonly reason: string }
  /** Offer it again. */
  | { readonly kind: "auction"; readonly task: Task }
  /** Nobody has finished telling its owner: RESOLVING back to COMPLETED, and tell. */
  | { readonly kind: "kick"; readonly task: Task }
  | { readonly kind: "tell"; readonly task: Task }
  /** Its owner could not be told for too long. */
  | { readonly kind: "remove"; readonly task: Task };

export function planTaskConvergence(facts: TaskFacts): TaskDecision[] {
  return facts.tasks.flatMap((task) => decide(task, facts) ?? []);
}

function decide(task: Task, facts: TaskFacts): TaskDecision | undefined {
  switch (task.state) {
    case "PENDING":
      if (hasPassed(task.createdAt, facts.expirePendingAfterMs, facts)) {
        return { kind: "fail", task, reason: "not started within time limit" };
      }
      return isToBeOffered(task, facts) ? { kind: "auction", task } : undefined;
    case "RUNNING":
      // A task never runs twice, so a lost cell is its end, without the grace that an LRP gets.
      return facts.cells.isComplete && !facts.cells.present.has(task.cellId)
        ? { kind: "fail", task, reason: "cell disappeared before completion" }
        : undefined;
    case "COMPLETED":
      if (isExpired(task, facts)) return { kind: "remove", task };
      return isAbandoned(task, facts) ? { kind: "tell", task } : undefined;
    case "RESOLVING":
      if (!isAbandoned(task, facts)) return undefined;
      return isExpired(task, facts) ? { kind: "remove", task } : { kind: "kick", task };
  }
}

/**
 * Diego offers every pending task in every pass. Ours also runs passes out of turn, and each offer may cost the task
 * one of its few rejections: so a little under a period must lie between two offers.
 */
const offerAgainAfterMs = 20_000;

function isToBeOffered(task: Task, facts: TaskFacts): boolean {
  if (facts.cells.present.size === 0 && !facts.cells.isComplete) return false;
  return isFromBefore(task, facts) || hasPassed(task.updatedAt, offerAgainAfterMs, facts);
}

/** Its last change was made by a process that is gone, so whatever was to follow it, nobody is at that. */
function isFromBefore(task: Task, { upSince }: TaskFacts): boolean {
  return task.updatedAt.getTime() < upSince.getTime();
}

/** Nobody tells its owner. */
function isAbandoned(task: Task, facts: TaskFacts): boolean {
  return isFromBefore(task, facts) || hasPassed(task.updatedAt, facts.kickAfterMs, facts);
}

/** Time in which the BBS was down does not count: it could not have told anybody. Diego counts it. */
function isExpired(task: Task, facts: TaskFacts): boolean {
  const completedAt = task.firstCompletedAt ?? task.updatedAt;
  const from = completedAt.getTime() < facts.upSince.getTime() ? facts.upSince : completedAt;
  return hasPassed(from, facts.expireCompletedAfterMs, facts);
}

function hasPassed(since: Date, ms: number, { now }: TaskFacts): boolean {
  return now.getTime() - since.getTime() >= ms;
}
