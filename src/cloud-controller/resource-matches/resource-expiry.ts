import { addMs, type Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import type { ResourceCacheConfig } from "./resource-cache-config.ts";
import { deleteFiles, inChunks, liveBytes } from "./resource-packs.ts";

const dayMs = 24 * 60 * 60 * 1000;
/** What was matched so short ago may be on its way into a package. */
const untouchedMs = 2 * 60 * 60 * 1000;
/** Of one round; the next goes on. */
const expiredAtOnce = 10_000;

/** The hour in which a moment lies: uses are known no better, so that a file is written at most once an hour. */
export function toHour(moment: Date): string {
  return `${moment.toISOString().slice(0, 13)}:00:00.000Z`;
}

interface ExpiryContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: ResourceCacheConfig;
}

/** Forgets files that no package has used for long, then the oldest of those that are too many. Gives how many. */
export async function expireFiles(
  { db, clock, config }: ExpiryContext,
  signal: AbortSignal,
): Promise<number> {
  const before = (ms: number) => addMs(clock.now(), -ms).toISOString();
  const old = await oldest(db, before(config.expireAfterDays * dayMs));
  const expired = await expire(db, signal, old);
  const excess = (await liveBytes(db)) - config.maximumBytes;
  if (excess <= 0) return expired;
  const candidates = await oldest(db, before(untouchedMs));
  return expired + (await expire(db, signal, firstBytes(candidates, excess)));
}

interface Candidate {
  readonly sha256: string;
  readonly compressedSize: number;
}

async function oldest(db: Database, usedBefore: string): Promise<readonly Candidate[]> {
  return await db
    .selectFrom("resourceFiles")
    .select(["sha256", "compressedSize"])
    .where("lastUsedAt", "<", usedBefore)
    .orderBy("lastUsedAt")
    .limit(expiredAtOnce)
    .execute();
}

/** The first files that together have so many bytes. */
function firstBytes(files: readonly Candidate[], bytes: number): readonly Candidate[] {
  let sum = 0;
  return files.filter(({ compressedSize }) => {
    if (sum >= bytes) return false;
    sum += compressedSize;
    return true;
  });
}

async function expire(
  db: Database,
  signal: AbortSignal,
  files: readonly Candidate[],
): Promise<number> {
  let expired = 0;
  await inChunks(files, async (chunk) => {
    if (signal.aborted) return;
    expired += await db.transaction().execute((tx) =>
      deleteFiles(
        tx,
        chunk.map(({ sha256 }) => sha256),
      ),
    );
  });
  return expired;
}
