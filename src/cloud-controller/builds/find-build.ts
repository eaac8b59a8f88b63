import type { Executor } from "../database/schema.ts";
import { toBuild, type Build } from "./build-table.ts";

export async function findBuild(db: Executor, guid: string): Promise<Build | undefined> {
  const row = await db.selectFrom("builds").selectAll().where("guid", "=", guid).executeTakeFirst();
  return row === undefined ? undefined : toBuild(row);
}
