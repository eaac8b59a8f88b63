import { z } from "zod";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { addMs, type Clock } from "#kernel/clock/clock.ts";
import { buildpackBlob } from "../blobs/blob-keys.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { JobHandler, Jobs } from "../jobs/jobs.ts";
import { buildpackKey, type Buildpack } from "./buildpack-table.ts";

const operation = "buildpack.remove_old_bits";
const payloadSchema = z.object({ guid: z.string(), sha256: z.string() });
const againAfterMs = 60_000;

/**
 * Has the bits removed that a buildpack had before an upload, or that a deleted one had, once no staging that was given
 * them can run any more; a cell may not have fetched them yet.
 */
export async function removeBitsLater(
  { jobs, clock }: { readonly jobs: Jobs; readonly clock: Clock },
  db: Executor,
  old: { readonly buildpack: Pick<Buildpack, "guid" | "sha256">; readonly afterMs: number },
): Promise<void> {
  const { guid, sha256 } = old.buildpack;
  if (sha256 === null) return;
  await jobs.insert(db, {
    operation,
    payload: { guid, sha256 },
    runAt: addMs(clock.now(), old.afterMs),
  });
}

export function oldBitsJob(context: {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly jobs: Jobs;
  readonly clock: Clock;
}): JobHandler {
  const { db, blobstore } = context;
  return {
    operation,
    maximumAttempts: 3,
    async run(job) {
      const old = payloadSchema.parse(job.payload);
      const staging = await db
        .selectFrom("builds")
        .select("guid")
        .where("state", "=", "STAGING")
        .where("createdAt", "<=", job.createdAt)
        .limit(1)
        .executeTakeFirst();
      if (staging !== undefined) {
        await removeBitsLater(context, db, { buildpack: old, afterMs: againAfterMs });
        return;
      }
      const current = await db
        .selectFrom("buildpacks")
        .select(["guid", "sha256"])
        .where("guid", "=", old.guid)
        .executeTakeFirst();
      // The same bits may have been uploaded again.
      if (current?.sha256 === old.sha256) return;
      await blobstore.delete(buildpackBlob(buildpackKey(old)));
    },
  };
}
