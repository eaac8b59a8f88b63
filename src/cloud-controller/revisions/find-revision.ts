import { sql } from "kysely";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import { toRevision, type Revision } from "./revision-table.ts";

export async function findRevision(db: Executor, guid: string): Promise<Revision | undefined> {
  return (await findRevisions(db, [guid])).get(guid);
}

export async function findRevisions(
  db: Executor,
  guids: readonly string[],
): Promise<ReadonlyMap<string, Revision>> {
  if (guids.length === 0) return new Map();
  const rows = await db
    .selectFrom("revisions")
    .selectAll()
    .where(isOneOf(sql.ref("revisions.guid"), guids))
    .execute();
  return new Map(rows.map((row) => [row.guid, toRevision(row)]));
}

export async function latestRevision(db: Executor, appGuid: string): Promise<Revision | undefined> {
  const row = await db
    .selectFrom("revisions")
    .selectAll()
    .where("appGuid", "=", appGuid)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toRevision(row);
}
