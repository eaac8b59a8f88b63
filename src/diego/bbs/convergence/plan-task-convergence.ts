import type { Task } from "#diego/models/task.ts";

export interface TaskFacts {
  readonly now: Date;
  /** When this BBS started: whatever a task waited for before that, nobody of this process is at it. */
  readonly upSince: Date;
  readonly tasks: readonly Task[];
  /** `isComplete` false: no cell counts as missing. */
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
      return hasPassed(task.createdAt, facts.expirePendingAfterMs, facts)
        ? { kind: "fail", task, reason: "not started within time limit" }
        : { kind: "auction", task };
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

/** Nobody tells its owner: not for long enough, or not since the process that did was killed. */
function isAbandoned(task: Task, facts: TaskFacts): boolean {
  return (
    hasPassed(task.updatedAt, facts.kickAfterMs, facts) ||
    task.updatedAt.getTime() < facts.upSince.getTime()
  );
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
