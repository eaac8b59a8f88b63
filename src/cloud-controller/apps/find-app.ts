import type { Executor } from "../database/schema.ts";
import { toApp, type App } from "./app-table.ts";

export async function findApp(db: Executor, guid: string): Promise<App | undefined> {
  const row = await db.selectFrom("apps").selectAll().where("guid", "=", guid).executeTakeFirst();
  return row === undefined ? undefined : toApp(row);
}
