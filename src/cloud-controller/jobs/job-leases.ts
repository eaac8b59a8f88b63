import { addMs, type Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import { toJob, type Job } from "./job.ts";

/** A process that says nothing for that long has died, and others take its jobs. */
export const leaseMs = 60_000;

/** Looked at in one go: those that others take meanwhile are passed over. */
const candidates = 20;

/**
 * Which process runs which job. The lease is in the row, taken by compare-and-set, so that any number of processes may
 * share a database; a process that was killed takes its own back at its next start.
 */
export class JobLeases {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #holder: string;

  constructor(options: {
    readonly db: Database;
    readonly clock: Clock;
    /** The same from start to start, and of no other process that is alive. */
    readonly holder: string;
  }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#holder = options.holder;
  }

  /** The oldest job that is due and free. */
  async take(operations: readonly string[]): Promise<Job | undefined> {
    if (operations.length === 0) return undefined;
    const now = this.#clock.now();
    const deadSince = addMs(now, -leaseMs).toISOString();
    const rows = await this.#db
      .selectFrom("jobs")
      .selectAll()
      .where("state", "in", ["PROCESSING", "POLLING"])
      .where("operation", "in", operations)
      .where((eb) => eb.or([eb("runAt", "is", null), eb("runAt", "<=", now.toISOString())]))
      .where((eb) => eb.or([eb("lockedBy", "is", null), eb("lockedAt", "<", deadSince)]))
      .orderBy("id")
      .limit(candidates)
      .execute();
    for (const row of rows) {
      const { numUpdatedRows } = await this.#db
        .updateTable("jobs")
        .set({ lockedBy: this.#holder, lockedAt: now.toISOString() })
        .where("guid", "=", row.guid)
        .where("state", "=", row.state)
        .where((eb) =>
          row.lockedAt === null ? eb("lockedAt", "is", null) : eb("lockedAt", "=", row.lockedAt),
        )
        // Another worker may have had it since, and put it off.
        .where((eb) => (row.runAt === null ? eb("runAt", "is", null) : eb("runAt", "=", row.runAt)))
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 1n) return toJob(row);
    }
    return undefined;
  }

  /** Says that this process is alive. */
  async renew(): Promise<void> {
    await this.#db
      .updateTable("jobs")
      .set({ lockedAt: this.#clock.now().toISOString() })
      .where("lockedBy", "=", this.#holder)
      .execute();
  }

  /** At a start: what this process ran when it was killed is free again. */
  async recover(): Promise<void> {
    await this.#db
      .updateTable("jobs")
      .set({ lockedBy: null, lockedAt: null })
      .where("lockedBy", "=", this.#holder)
      .execute();
  }

  async release(guid: string): Promise<void> {
    await this.#db
      .updateTable("jobs")
      .set({ lockedBy: null, lockedAt: null })
      .where("guid", "=", guid)
      .where("lockedBy", "=", this.#holder)
      .execute();
  }
}
