import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop, type LoopStatus } from "#kernel/loop/loop.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { CfError, type CfErrorEntry } from "../http/cf-errors.ts";
import type { Changes } from "../http/long-poll.ts";
import type { JobState } from "./job-table.ts";

export interface Job {
  readonly guid: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly operation: string;
  readonly state: JobState;
  readonly payload: unknown;
  readonly resourceGuid: string | null;
  readonly resourceType: string | null;
  readonly userGuid: string | null;
  readonly errors: readonly CfErrorEntry[];
  readonly warnings: readonly string[];
}

export interface NewJob {
  readonly operation: string;
  /** Becomes JSON; the operation's handler checks it. */
  readonly payload: unknown;
  readonly resource?: { readonly guid: string; readonly type: string };
  readonly userGuid?: string;
}

export interface JobHandler {
  readonly operation: string;
  /**
   * Does the work, or throws what the job's errors are to say. Idempotent: a job that a crash interrupted runs again
   * from its beginning.
   */
  run(job: Job, signal: AbortSignal): Promise<JobResult | void>;
}

interface JobResult {
  readonly warnings?: readonly string[];
}

const entriesColumn = z.array(
  z.object({ code: z.number(), title: z.string(), detail: z.string() }),
);
const warningsColumn = z.array(z.string());

const workers = 4;
const periodMs = 30_000;

/**
 * Long operations: rows of state PROCESSING that workers take in order. The row is the truth, so a job outlives the
 * process; within it, `#taken` keeps two workers from taking one job.
 */
export class Jobs implements AsyncDisposable {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changes: Changes;
  readonly #handlers = new Map<string, JobHandler>();
  readonly #taken = new Set<string>();
  readonly #loops: readonly Loop[];

  constructor(options: {
    readonly db: Database;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly changes: Changes;
  }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#changes = options.changes;
    this.#loops = Array.from(
      { length: workers },
      (_, index) =>
        new Loop({
          name: `jobs-${index}`,
          clock: options.clock,
          logger: options.logger,
          periodMs,
          activation: (signal) => this.#work(signal),
        }),
    );
  }

  /** Before `start`: an operation without a handler stays PROCESSING until a version that knows it runs. */
  handle(handler: JobHandler): void {
    this.#handlers.set(handler.operation, handler);
  }

  start(): void {
    for (const loop of this.#loops) loop.start();
  }

  status(): readonly LoopStatus[] {
    return this.#loops.map((loop) => loop.status());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop[Symbol.asyncDispose]()));
  }

  /** Stores a job and sets the workers on it. */
  async enqueue(job: NewJob): Promise<Job> {
    const stored = await this.insert(this.#db, job);
    this.activate();
    return stored;
  }

  /** As `enqueue` inside a transaction of the caller's, who calls `activate` once it is committed. */
  async insert(db: Executor, job: NewJob): Promise<Job> {
    const row = await db
      .insertInto("jobs")
      .values({
        ...newRecord(this.#clock),
        operation: job.operation,
        state: "PROCESSING",
        payload: JSON.stringify(job.payload),
        resourceGuid: job.resource?.guid ?? null,
        resourceType: job.resource?.type ?? null,
        userGuid: job.userGuid ?? null,
        errors: "[]",
        warnings: "[]",
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toJob(row);
  }

  activate(): void {
    // The loops own these promises: they resolve at the latest when a loop is disposed, and never reject.
    for (const loop of this.#loops) void loop.activate("job");
  }

  async find(guid: string): Promise<Job | undefined> {
    const row = await this.#db
      .selectFrom("jobs")
      .selectAll()
      .where("guid", "=", guid)
      .executeTakeFirst();
    return row === undefined ? undefined : toJob(row);
  }

  async #work(signal: AbortSignal): Promise<number> {
    let done = 0;
    for (;;) {
      if (signal.aborted) return done;
      const job = await this.#take();
      if (job === undefined) return done;
      try {
        // Another worker that is being stopped too may have let it go while we looked.
        if (signal.aborted) return done;
        await this.#run(job, signal);
        done += 1;
      } finally {
        this.#taken.delete(job.guid);
      }
    }
  }

  async #take(): Promise<Job | undefined> {
    const rows = await this.#db
      .selectFrom("jobs")
      .selectAll()
      .where("state", "in", ["PROCESSING", "POLLING"])
      .where("operation", "in", [...this.#handlers.keys()])
      .orderBy("id")
      .limit(workers * 2)
      .execute();
    const row = rows.find((candidate) => !this.#taken.has(candidate.guid));
    if (row === undefined) return undefined;
    this.#taken.add(row.guid);
    return toJob(row);
  }

  async #run(job: Job, signal: AbortSignal): Promise<void> {
    const handler = this.#handlers.get(job.operation);
    if (handler === undefined) return;
    try {
      const result = await handler.run(job, signal);
      await this.#finish(job, { state: "COMPLETE", warnings: result?.warnings ?? [] });
    } catch (error) {
      // A stop is no failure: the job runs again at the next start.
      if (signal.aborted) return;
      const known = error instanceof CfError;
      if (!known)
        this.#logger.error("job-failed", { job: job.guid, operation: job.operation, error });
      const entries = (known ? error : new CfError("UnknownError")).entries;
      await this.#finish(job, { state: "FAILED", errors: entries });
    }
  }

  async #finish(
    job: Job,
    end: {
      readonly state: "COMPLETE" | "FAILED";
      readonly errors?: readonly CfErrorEntry[];
      readonly warnings?: readonly string[];
    },
  ): Promise<void> {
    await this.#db
      .updateTable("jobs")
      .set({
        ...touched(this.#clock),
        state: end.state,
        // A payload may hold what users keep secret (a manifest's environment); it has done its work.
        payload: "{}",
        errors: JSON.stringify(end.errors ?? []),
        warnings: JSON.stringify(end.warnings ?? []),
      })
      .where("guid", "=", job.guid)
      .execute();
    this.#changes.notify(jobKey(job.guid));
  }
}

export function jobKey(guid: string): string {
  return `job:${guid}`;
}

function toJob(row: {
  readonly guid: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly operation: string;
  readonly state: JobState;
  readonly payload: string;
  readonly resourceGuid: string | null;
  readonly resourceType: string | null;
  readonly userGuid: string | null;
  readonly errors: string;
  readonly warnings: string;
}): Job {
  return {
    guid: row.guid,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    operation: row.operation,
    state: row.state,
    payload: JSON.parse(row.payload),
    resourceGuid: row.resourceGuid,
    resourceType: row.resourceType,
    userGuid: row.userGuid,
    errors: entriesColumn.parse(JSON.parse(row.errors)),
    warnings: warningsColumn.parse(JSON.parse(row.warnings)),
  };
}
