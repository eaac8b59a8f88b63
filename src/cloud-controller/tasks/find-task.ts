import type { Executor } from "../database/schema.ts";
import { liveStates, type Task } from "./task-table.ts";

export async function findTask(db: Executor, guid: string): Promise<Task | undefined> {
  return await db.selectFrom("tasks").selectAll().where("guid", "=", guid).executeTakeFirst();
}

/** The app's tasks that Diego may still be running. */
export async function liveTaskGuids(db: Executor, appGuid: string): Promise<string[]> {
  const rows = await db
    .selectFrom("tasks")
    .select("guid")
    .where("appGuid", "=", appGuid)
    .where("state", "in", liveStates)
    .execute();
  return rows.map(({ guid }) => guid);
}
