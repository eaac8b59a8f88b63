import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import type { CleanUpConfig, CleanUpName } from "./clean-up-config.ts";

export interface CleanUpContext {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly clock: Clock;
  readonly config: CleanUpConfig;
}

/** One subject that is cleaned up once a day. */
export interface CleanUp {
  readonly name: CleanUpName;
  /** How many it removed. May be repeated, and may stop in between: the next day goes on. */
  run(context: CleanUpContext, signal: AbortSignal): Promise<number>;
}
