import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop } from "#kernel/loop/loop.ts";
import type { Database } from "../database/schema.ts";
import { compactPacks } from "./pack-compaction.ts";
import type { MatchReferences } from "./match-references.ts";
import type { ResourceCache } from "./resource-cache.ts";
import type { ResourceCacheConfig } from "./resource-cache-config.ts";
import { expireFiles } from "./resource-expiry.ts";
import { liveBytes, type ResourcePacks } from "./resource-packs.ts";

const periodMs = 10 * 60 * 1000;

interface UpkeepContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly blobstore: Blobstore;
  readonly cache: ResourceCache;
  readonly packs: ResourcePacks;
  readonly references: MatchReferences;
  readonly config: ResourceCacheConfig;
}

/** How full the cache is, and what one round did; operators see it under `/loops`. */
export interface ResourceUpkeep {
  /** MiB of live files, of how many, as "12/10240". */
  readonly mib: string;
  /** Files whose use was written down. */
  readonly used: number;
  /** Files forgotten by age or size. */
  readonly expired: number;
  /** Packs whose live files are elsewhere now, or that have none. */
  readonly compacted: number;
  /** Packs deleted. */
  readonly reclaimed: number;
}

/** Keeps the resource cache within its bounds. */
export function resourceUpkeepLoop(context: UpkeepContext & { readonly logger: Logger }): Loop {
  return new Loop({
    name: "resource-cache",
    clock: context.clock,
    logger: context.logger,
    periodMs,
    activation: (signal) => keepUpResources(context, signal),
  });
}

export async function keepUpResources(
  context: UpkeepContext,
  signal: AbortSignal,
): Promise<ResourceUpkeep> {
  context.references.expire();
  const used = await context.cache.noteUses();
  const expired = await expireFiles(context, signal);
  const compacted = await compactPacks(context, signal);
  const reclaimed = await context.packs.reclaim(signal);
  const mib = (bytes: number) => Math.ceil(bytes / 1024 ** 2);
  const fill = `${mib(await liveBytes(context.db))}/${mib(context.config.maximumBytes)}`;
  return { mib: fill, used, expired, compacted, reclaimed };
}
