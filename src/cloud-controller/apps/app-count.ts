import { sql } from "kysely";
import type { Database, Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";

/** To be called in the transaction that adds or removes that many rows of a space's apps. */
export async function changeAppCount(db: Executor, spaceGuid: string, by: number): Promise<void> {
  await db
    .updateTable("spaces")
    .set((eb) => ({ appCount: eb("appCount", "+", by) }))
    .where("guid", "=", spaceGuid)
    .execute();
}

/** How many apps there are in those spaces, at the cost of the spaces. `visible` and `spaceGuids`: undefined is no limit. */
export async function countApps(
  db: Database,
  visible: ReturnType<Permissions["spaces"]>,
  spaceGuids: readonly string[] | undefined,
): Promise<number> {
  let query = db
    .selectFrom("spaces")
    .select(sql<number>`coalesce(sum(${sql.ref("spaces.appCount")}), 0)`.as("total"));
  if (visible !== undefined) query = query.where("spaces.guid", "in", visible);
  else if (spaceGuids !== undefined) {
    query = query.where(isOneOf(sql.ref("spaces.guid"), spaceGuids));
  }
  return (await query.executeTakeFirstOrThrow()).total;
}
