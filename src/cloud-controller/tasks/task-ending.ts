import type { Clock } from "#kernel/clock/clock.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { Changes } from "../http/long-poll.ts";
import { findTask } from "./find-task.ts";
import { isFinal, type Task } from "./task-table.ts";

/** Woken when the task has ended; the long poll of it waits for that. */
export function taskKey(guid: string): string {
  return `task:${guid}`;
}

export interface TaskStates {
  readonly db: Database;
  readonly clock: Clock;
  readonly changes: Changes;
}

export type TaskOutcome =
  | { readonly state: "SUCCEEDED" }
  | { readonly state: "FAILED"; readonly failureReason: string };

const maximumReason = 4096;

/** PENDING -> RUNNING, once Diego has it. A task that has ended by then, or is being cancelled, stays as it is. */
export async function markRunning({ db, clock }: TaskStates, guid: string): Promise<void> {
  await db
    .updateTable("tasks")
    .set({ ...touched(clock), state: "RUNNING" })
    .where("guid", "=", guid)
    .where("state", "=", "PENDING")
    .execute();
}

/** Gives a task its end. False where it has one already, or is gone: who comes first decides. */
export async function endTask(
  { db, clock, changes }: TaskStates,
  guid: string,
  outcome: TaskOutcome,
): Promise<boolean> {
  const ended = await db.transaction().execute(async (tx) => {
    const task = await findTask(tx, guid);
    if (task === undefined || isFinal(task.state)) return undefined;
    return await tx
      .updateTable("tasks")
      .set({ ...touched(clock), ...columnsOf(outcome) })
      .where("guid", "=", guid)
      .where("state", "not in", ["SUCCEEDED", "FAILED"])
      .returningAll()
      .executeTakeFirst();
  });
  if (ended === undefined) return false;
  changes.notify(taskKey(guid));
  return true;
}

function columnsOf(outcome: TaskOutcome): Pick<Task, "state" | "failureReason"> {
  return outcome.state === "SUCCEEDED"
    ? { state: outcome.state, failureReason: null }
    : { state: outcome.state, failureReason: outcome.failureReason.slice(0, maximumReason) };
}
