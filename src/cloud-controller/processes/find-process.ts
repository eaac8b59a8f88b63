import type { Executor } from "../database/schema.ts";
import { toProcess, type Process } from "./process-table.ts";

export async function findProcess(db: Executor, guid: string): Promise<Process | undefined> {
  const row = await db
    .selectFrom("processes")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
  return row === undefined ? undefined : toProcess(row);
}

/** The newest process of the type: several exist while a deployment runs. */
export async function findProcessOfType(
  db: Executor,
  appGuid: string,
  type: string,
): Promise<Process | undefined> {
  const row = await db
    .selectFrom("processes")
    .selectAll()
    .where("appGuid", "=", appGuid)
    .where("type", "=", type)
    .orderBy("id", "desc")
    .executeTakeFirst();
  return row === undefined ? undefined : toProcess(row);
}

export async function processesOfApp(db: Executor, appGuid: string): Promise<Process[]> {
  const rows = await db
    .selectFrom("processes")
    .selectAll()
    .where("appGuid", "=", appGuid)
    .orderBy("id")
    .execute();
  return rows.map(toProcess);
}
