import type { Executor } from "../database/schema.ts";
import type { Space } from "./space-table.ts";

export async function findSpace(db: Executor, guid: string): Promise<Space | undefined> {
  return await db.selectFrom("spaces").selectAll().where("guid", "=", guid).executeTakeFirst();
}
