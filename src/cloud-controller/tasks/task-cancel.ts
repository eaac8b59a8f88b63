import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import { findTask } from "./find-task.ts";
import { recordTaskEvent } from "./task-create.ts";
import type { TaskRunner } from "./task-runner.ts";
import { isFinal, type Task } from "./task-table.ts";

/**
 * CANCELING until Diego's callback ends it as FAILED. Where Diego cannot be reached the sync loop asks it again.
 *
 * @throws 422 for a task that has ended
 */
export async function cancelTask(
  context: { readonly db: Database; readonly clock: Clock; readonly tasks: TaskRunner },
  { task, app, actor }: { readonly task: Task; readonly app: App; readonly actor: Actor },
): Promise<void> {
  const { db, clock, tasks } = context;
  await db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable("tasks")
      .set({ ...touched(clock), state: "CANCELING" })
      .where("guid", "=", task.guid)
      .where("state", "not in", ["SUCCEEDED", "FAILED"])
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw refusal(await findTask(tx, task.guid));
    await recordTaskEvent(tx, clock, { type: "audit.app.task.cancel", task, app, actor });
  });
  await tasks.cancel(task.guid);
}

function refusal(task: Task | undefined) {
  if (task === undefined || !isFinal(task.state)) return notFound("Task");
  return unprocessable(`Task state is ${task.state} and therefore cannot be canceled`);
}
