import type { Executor } from "../database/schema.ts";
import type { Package } from "./package-table.ts";

export async function findPackage(db: Executor, guid: string): Promise<Package | undefined> {
  return await db.selectFrom("packages").selectAll().where("guid", "=", guid).executeTakeFirst();
}
