import type { Blobstore } from "#blobstore/blobstore.ts";
import { sql } from "kysely";
import { allStageRetries, stageRetryFolder } from "../blobs/blob-keys.ts";
import type { Database } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";

/** Removes what retried stagings were given once they have ended. One round of repair, idempotent. */
export async function removeRetryInputs({
  db,
  blobstore,
}: {
  readonly db: Database;
  readonly blobstore: Blobstore;
}): Promise<{ readonly removed: number }> {
  const guids = new Set<string>();
  for await (const path of blobstore.paths(allStageRetries)) {
    const [, guid] = path.split("/");
    if (guid !== undefined) guids.add(guid);
  }
  if (guids.size === 0) return { removed: 0 };
  const rows = await db
    .selectFrom("builds")
    .select("guid")
    .where(isOneOf(sql.ref("guid"), [...guids]))
    .where("state", "=", "STAGING")
    .execute();
  for (const { guid } of rows) guids.delete(guid);
  for (const guid of guids) await blobstore.deleteAll(stageRetryFolder(guid));
  return { removed: guids.size };
}
