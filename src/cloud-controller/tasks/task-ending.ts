import type { Clock } from "#kernel/clock/clock.ts";
import { recordTaskStarted, recordTaskStopped } from "../app-usage-events/record-usage-event.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { Changes } from "../http/long-poll.ts";
import { findTask } from "./find-task.ts";
import type { Task } from "./task-table.ts";

/** Woken when the task has ended; the long poll of it waits for that. */
export function taskKey(guid: string): string {
  return `task:${guid}`;
}

export interface TaskStates {
  readonly db: Database;
  readonly clock: Clock;
  readonly changes: Changes;
}

type TaskOutcome =
  | { readonly state: "SUCCEEDED" }
  | { readonly state: "FAILED"; readonly failureReason: string };

const maximumReason = 4096;

/** PENDING -> RUNNING, once Diego has it. A task that has ended by then, or is being cancelled, stays as it is. */
export async function markRunning({ db, clock }: TaskStates, guid: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const running = await tx
      .updateTable("tasks")
      .set({ ...touched(clock), state: "RUNNING" })
      .where("guid", "=", guid)
      .where("state", "=", "PENDING")
      .returningAll()
      .executeTakeFirst();
    if (running !== undefined) await recordTaskStarted(tx, clock, running);
  });
}

/** What Diego tells of a task that it had. It may tell so before the request that made the task knows that it did. */
export async function completeTask(
  states: TaskStates,
  guid: string,
  told: { readonly failed: boolean; readonly failureReason: string },
): Promise<void> {
  await markRunning(states, guid);
  await endTask(
    states,
    guid,
    told.failed ? { state: "FAILED", failureReason: told.failureReason } : { state: "SUCCEEDED" },
  );
}

/** Gives a task its end. False where it has one already, or is gone: who comes first decides. */
export async function endTask(
  { db, clock, changes }: TaskStates,
  guid: string,
  outcome: TaskOutcome,
): Promise<boolean> {
  const isFirst = await db.transaction().execute(async (tx) => {
    const task = await findTask(tx, guid);
    const { numUpdatedRows } = await tx
      .updateTable("tasks")
      .set({ ...touched(clock), ...columnsOf(outcome) })
      .where("guid", "=", guid)
      .where("state", "not in", ["SUCCEEDED", "FAILED"])
      .executeTakeFirst();
    if (task === undefined || numUpdatedRows === 0n) return false;
    await recordTaskStopped(tx, clock, task);
    return true;
  });
  if (isFirst) changes.notify(taskKey(guid));
  return isFirst;
}

function columnsOf(outcome: TaskOutcome): Pick<Task, "state" | "failureReason"> {
  return outcome.state === "SUCCEEDED"
    ? { state: outcome.state, failureReason: null }
    : { state: outcome.state, failureReason: outcome.failureReason.slice(0, maximumReason) };
}
