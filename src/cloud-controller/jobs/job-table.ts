import type { Generated } from "kysely";
import type { RecordColumns } from "../database/record.ts";
import type { Actor } from "../http/auth-context.ts";

export interface JobTable extends RecordColumns {
  /** `app.delete`, `space.apply_manifest`, ... */
  readonly operation: string;
  readonly state: JobState;
  /** JSON that the operation's handler understands. */
  readonly payload: string;
  readonly resourceGuid: string | null;
  readonly resourceType: string | null;
  /** Who asked for it, with `actorType` and `actorName`; null: the system. */
  readonly userGuid: string | null;
  readonly actorType: Actor["type"] | null;
  readonly actorName: string | null;
  /** Of the request that asked for it; null: the system. */
  readonly requestId: string | null;
  /** JSON array of Cloud Controller's error entries. */
  readonly errors: string;
  /** JSON array of texts. */
  readonly warnings: string;
  /** How often it has failed. */
  readonly attempts: Generated<number>;
  /** Not before that instant; null: at once. */
  readonly runAt: string | null;
  /** The process that runs it, which says so again and again by `lockedAt`. */
  readonly lockedBy: string | null;
  readonly lockedAt: string | null;
}

export type JobState = "PROCESSING" | "POLLING" | "COMPLETE" | "FAILED";
