import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { failTask, kickTask } from "#diego/models/task-transitions.ts";
import type { Task } from "#diego/models/task.ts";
import type { Auctions } from "../auctions.ts";
import type { CellPresences } from "../cell-presences.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import type { Changes, SingleWriter } from "../store/single-writer.ts";
import { deleteTaskRow, replaceTask, tasks } from "../store/task-table.ts";
import type { TaskCallbacks } from "../task-callbacks.ts";
import type { DecisionCounts } from "./lrp-convergence.ts";
import { planTaskConvergence, type TaskDecision, type TaskFacts } from "./plan-task-convergence.ts";

interface TaskConvergenceOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly db: BbsDatabase;
  readonly writer: SingleWriter;
  readonly cells: CellPresences;
  readonly auctions: Auctions;
  readonly callbacks: TaskCallbacks;
  readonly upSince: Date;
  readonly limits: Pick<
    TaskFacts,
    "kickAfterMs" | "expireCompletedAfterMs" | "expirePendingAfterMs"
  >;
}

/** One pass: gathers the facts, plans, acts. All auctions of a pass go out in one request. */
export async function convergeTasks(
  options: TaskConvergenceOptions,
  signal: AbortSignal,
): Promise<DecisionCounts> {
  const { clock, db, cells, auctions, callbacks, limits, upSince } = options;
  const decisions = planTaskConvergence({
    ...limits,
    upSince,
    now: clock.now(),
    tasks: await tasks(db, {}),
    cells: cells.cellSet(),
  });
  const toPlace: Task[] = [];
  const counts: Record<string, number> = {};
  for (const decision of decisions) {
    signal.throwIfAborted();
    counts[decision.kind] = (counts[decision.kind] ?? 0) + 1;
    if (decision.kind === "auction") {
      toPlace.push(decision.task);
    } else if (decision.kind === "tell") {
      callbacks.submit(decision.task);
    } else {
      // Diego leaves the owner of a task that it failed here to the next pass; we tell it now.
      const completed = await act(decision, options);
      if (completed !== undefined) callbacks.submit(completed);
    }
  }
  auctions.requestTasks(toPlace);
  return counts;
}

/** Gives the task whose owner is to be told. A decision that has become stale is left to the next pass. */
async function act(
  decision: Exclude<TaskDecision, { kind: "auction" | "tell" }>,
  { clock, logger, writer }: TaskConvergenceOptions,
): Promise<Task | undefined> {
  try {
    return await writer.write((tx, changes) => apply(decision, { tx, changes, now: clock.now() }));
  } catch (error) {
    if (!(error instanceof BbsError) || error.type !== "ResourceConflict") throw error;
    logger.info("convergence-decision-stale", { kind: decision.kind, error });
    return undefined;
  }
}

async function apply(
  decision: Exclude<TaskDecision, { kind: "auction" | "tell" }>,
  context: { readonly tx: BbsDatabase; readonly changes: Changes; readonly now: Date },
): Promise<Task | undefined> {
  const { tx, changes, now } = context;
  const { task } = decision;
  if (decision.kind === "remove") {
    await deleteTaskRow(tx, task.taskGuid);
    changes.taskEvents.push({ kind: "task_removed", task });
    return undefined;
  }
  const transition =
    decision.kind === "kick" ? kickTask(task) : failTask(task, decision.reason, now);
  if (transition.kind !== "changed") return undefined;
  await replaceTask(tx, task, transition.task);
  changes.taskEvents.push({ kind: "task_changed", before: task, after: transition.task });
  return transition.task;
}
