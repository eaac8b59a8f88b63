import type { Executor } from "../database/schema.ts";
import { deleteMetadata } from "../metadata/metadata.ts";

/** Removes an app's tasks; the sync loop cancels what still runs of them. */
export async function deleteTasks(db: Executor, appGuid: string): Promise<void> {
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
