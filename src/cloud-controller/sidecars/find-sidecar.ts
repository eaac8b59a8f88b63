import { sql } from "kysely";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import { toSidecar, type Sidecar } from "./sidecar-table.ts";

export async function findSidecar(db: Executor, guid: string): Promise<Sidecar | undefined> {
  const row = await db
    .selectFrom("sidecars")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
  return row === undefined ? undefined : toSidecar(row);
}

export async function sidecarsOfApp(db: Executor, appGuid: string): Promise<readonly Sidecar[]> {
  return (await sidecarsOfApps(db, [appGuid])).get(appGuid) ?? [];
}

/** By app guid, the oldest first. */
export async function sidecarsOfApps(
  db: Executor,
  appGuids: readonly string[],
): Promise<ReadonlyMap<string, readonly Sidecar[]>> {
  const rows = await db
    .selectFrom("sidecars")
    .selectAll()
    .where(isOneOf(sql.ref("sidecars.appGuid"), appGuids))
    .orderBy("id")
    .execute();
  return Map.groupBy(rows.map(toSidecar), ({ appGuid }) => appGuid);
}
