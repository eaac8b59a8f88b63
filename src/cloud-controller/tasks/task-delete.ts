import type { Clock } from "#kernel/clock/clock.ts";
import { recordTaskStopped } from "../app-usage-events/record-usage-event.ts";
import type { App } from "../apps/app-table.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { recordTaskEvent } from "./task-create.ts";
import { liveStates } from "./task-table.ts";

/** An app goes: its tasks that run are to be cancelled. */
export async function cancelTasks(
  db: Executor,
  clock: Clock,
  { app, actor }: { readonly app: App; readonly actor: Actor },
): Promise<void> {
  const cancelled = await db
    .updateTable("tasks")
    .set({ ...touched(clock), state: "CANCELING" })
    .where("appGuid", "=", app.guid)
    .where("state", "=", "RUNNING")
    .returningAll()
    .execute();
  for (const task of cancelled) {
    await recordTaskEvent(db, clock, { type: "audit.app.task.cancel", task, app, actor });
  }
}

/** Before the app's row: the events of tasks that had no end name the app. */
export async function deleteTasks(db: Executor, clock: Clock, appGuid: string): Promise<void> {
  const live = await db
    .selectFrom("tasks")
    .selectAll()
    .where("appGuid", "=", appGuid)
    .where("state", "in", liveStates)
    .execute();
  for (const task of live) await recordTaskStopped(db, clock, task);
  const removed = await db
    .deleteFrom("tasks")
    .where("appGuid", "=", appGuid)
    .returning("guid")
    .execute();
  await deleteMetadata(
    db,
    "task",
    removed.map(({ guid }) => guid),
  );
  await db.deleteFrom("taskSequences").where("appGuid", "=", appGuid).execute();
}
