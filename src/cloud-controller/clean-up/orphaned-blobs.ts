import type { BlobKey } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { foldersOfBlobs } from "../blobs/blob-keys.ts";
import { hasOwner } from "../blobs/blob-owner.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { CleanUp, CleanUpContext } from "./clean-up.ts";

const sightingsBeforeDeletion = 3;
const marksPerRun = 10_000;

/** A seventh of the blobs each day, by the first byte of their names; Sunday is day 0, as in Cloud Controller. */
const firstBytes = [0x00, 0x25, 0x49, 0x6d, 0x91, 0xb5, 0xd9, 0x100];

/**
 * Looks for blobs that no row names: what a crash between blob and row, or an operator's repair, has left. One that is
 * seen three times in a row without an owner goes, one that has found an owner meanwhile is forgotten. Buildpack caches
 * and the resource cache are never looked at: no row need name theirs.
 */
export const orphanedBlobs: CleanUp = {
  name: "orphaned_blobs_cleanup",
  async run(context, signal) {
    if (!context.config.removeOrphanedBlobs) return 0;
    let marks = 0;
    for await (const key of keysOfToday(context)) {
      if (signal.aborted || marks >= marksPerRun) break;
      if (await look(context, key)) marks += 1;
    }
    return await removeDirty(context, signal);
  },
};

async function* keysOfToday({ blobstore, clock }: CleanUpContext): AsyncGenerator<BlobKey> {
  const folders = foldersOf(clock.now().getUTCDay());
  for (const folder of folders) {
    for (const each of foldersOfBlobs(folder)) {
      for await (const path of blobstore.paths(each)) yield { bucket: each.bucket, path };
    }
  }
}

export function foldersOf(day: number): string[] {
  const from = firstBytes[day] ?? 0;
  const to = firstBytes[day + 1] ?? from;
  return Array.from({ length: to - from }, (_, index) =>
    (from + index).toString(16).padStart(2, "0"),
  );
}

/** Whether the blob has no owner; its sighting is counted then, and forgotten else. */
async function look({ db, clock }: CleanUpContext, key: BlobKey): Promise<boolean> {
  if (await hasOwner(db, key)) {
    await db
      .deleteFrom("orphanedBlobs")
      .where("bucket", "=", key.bucket)
      .where("path", "=", key.path)
      .execute();
    return false;
  }
  await db
    .insertInto("orphanedBlobs")
    .values({ ...newRecord(clock), bucket: key.bucket, path: key.path, dirtyCount: 1 })
    .onConflict((conflict) =>
      conflict.columns(["bucket", "path"]).doUpdateSet((eb) => ({
        ...touched(clock),
        dirtyCount: eb("orphanedBlobs.dirtyCount", "+", 1),
      })),
    )
    .execute();
  return true;
}

async function removeDirty(
  { db, blobstore, clock }: CleanUpContext,
  signal: AbortSignal,
): Promise<number> {
  const rows = await db
    .selectFrom("orphanedBlobs")
    .select(["guid", "bucket", "path"])
    .where("dirtyCount", ">=", sightingsBeforeDeletion)
    .orderBy("id")
    .limit(marksPerRun)
    .execute();
  let count = 0;
  for (const row of rows) {
    if (signal.aborted) break;
    const key = { bucket: row.bucket, path: row.path } as BlobKey;
    // It may have found an owner since it was seen.
    const isOrphan = !(await hasOwner(db, key));
    if (isOrphan) {
      await blobstore.delete(key);
      count += 1;
    }
    await db.transaction().execute(async (tx) => {
      await tx.deleteFrom("orphanedBlobs").where("guid", "=", row.guid).execute();
      if (isOrphan) await recordRemoval(tx, clock, key);
    });
  }
  return count;
}

async function recordRemoval(db: Executor, clock: Clock, key: BlobKey): Promise<void> {
  await recordAuditEvent(db, clock, {
    type: "blob.remove_orphan",
    actor: { guid: "system", type: "system", name: "system" },
    target: { guid: `${key.bucket}/${key.path}`, type: "blob", name: "" },
  });
}
