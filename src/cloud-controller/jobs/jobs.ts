import { BlobstoreFull } from "#blobstore/blobstore.ts";
import { addMs, type Clock } from "#kernel/clock/clock.ts";
import { DeadlineExceeded, withDeadline } from "#kernel/clock/deadline.ts";
import { currentRequestId, forRequest } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop, type LoopStatus } from "#kernel/loop/loop.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { CfError, type CfErrorEntry } from "../http/cf-errors.ts";
import type { Changes } from "../http/long-poll.ts";
import { JobLeases, leaseMs } from "./job-leases.ts";
import { jobKey, retryDelayMs, toJob, type Job } from "./job.ts";

export interface NewJob {
  readonly operation: string;
  /** Becomes JSON; the operation's handler checks it. */
  readonly payload: unknown;
  readonly resource?: { readonly guid: string; readonly type: string };
  /** Who asks for it; the system by default. */
  readonly actor?: Actor;
  /** Not before; at once by default. */
  readonly runAt?: Date;
}

export interface JobHandler {
  readonly operation: string;
  /** How often it is tried where it fails by no fault of the user's; default once, as most of Cloud Controller's. */
  readonly maximumAttempts?: number;
  /**
   * Does the work, or throws what the job's errors are to say. Idempotent: a job that a crash interrupted runs again
   * from its beginning.
   */
  run(job: Job, signal: AbortSignal): Promise<JobResult | void>;
}

interface JobResult {
  readonly warnings?: readonly string[];
}

const workers = 4;

/** Cloud Controller's workers look that often; here it only serves retries, and jobs of other processes. */
const periodMs = 5_000;

/** `jobs.global.timeout_in_seconds` of capi-release. */
const defaultTimeoutMs = 14_400_000;

/** Long operations: rows of state PROCESSING that workers take in order. The row is the truth: a job outlives the process. */
export class Jobs implements AsyncDisposable {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changes: Changes;
  readonly #timeoutMs: number;
  readonly #handlers = new Map<string, JobHandler>();
  readonly #leases: JobLeases;
  readonly #loops: readonly Loop[];
  #recovery: Promise<void> | undefined;

  constructor(options: {
    readonly db: Database;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly changes: Changes;
    /** Names this process among those on the same database; the same from start to start. */
    readonly holder?: string;
    readonly timeoutMs?: number;
  }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#changes = options.changes;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#leases = new JobLeases({ ...options, holder: options.holder ?? "cloud-controller" });
    const loop = (
      name: string,
      ms: number,
      activation: (signal: AbortSignal) => Promise<unknown>,
    ) =>
      new Loop({
        name,
        clock: options.clock,
        logger: options.logger,
        periodMs: ms,
        activation: async (signal) => {
          await this.#recover();
          return await activation(signal);
        },
      });
    this.#loops = [
      ...Array.from({ length: workers }, (_, index) =>
        loop(`jobs-${index}`, periodMs, (signal) => this.#work(signal)),
      ),
      loop("job-leases", leaseMs / 3, () => this.#leases.renew()),
    ];
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
        userGuid: job.actor?.guid ?? null,
        actorType: job.actor?.type ?? null,
        actorName: job.actor?.name ?? null,
        requestId: currentRequestId() ?? null,
        runAt: job.runAt?.toISOString() ?? null,
        errors: "[]",
        warnings: "[]",
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toJob(row);
  }

  activate(): void {
    // The loops own these promises: they resolve at the latest when a loop is disposed, and never reject.
    for (const loop of this.#loops.slice(0, workers)) void loop.activate("job");
  }

  async find(guid: string): Promise<Job | undefined> {
    const row = await this.#db
      .selectFrom("jobs")
      .selectAll()
      .where("guid", "=", guid)
      .executeTakeFirst();
    return row === undefined ? undefined : toJob(row);
  }

  /** Once, before the first job is taken; where the database fails it is tried again with the next activation. */
  async #recover(): Promise<void> {
    this.#recovery ??= this.#leases.recover().catch((error: unknown) => {
      this.#recovery = undefined;
      throw error;
    });
    await this.#recovery;
  }

  async #work(signal: AbortSignal): Promise<number> {
    let done = 0;
    while (!signal.aborted) {
      const job = await this.#leases.take([...this.#handlers.keys()]);
      if (job === undefined) return done;
      await forRequest(job.requestId ?? currentRequestId(), () => this.#run(job, signal));
      done += 1;
    }
    return done;
  }

  async #run(job: Job, signal: AbortSignal): Promise<void> {
    const handler = this.#handlers.get(job.operation);
    // A stop may have come while the job was taken.
    if (handler === undefined || signal.aborted) return await this.#leases.release(job.guid);
    try {
      const result = await withDeadline(
        { clock: this.#clock, ms: this.#timeoutMs, signal },
        (limited) => handler.run(job, limited),
      );
      await this.#finish(job, { state: "COMPLETE", warnings: result?.warnings ?? [] });
    } catch (error) {
      // A stop is no failure: the job runs again at the next start.
      if (signal.aborted) return await this.#leases.release(job.guid);
      await this.#fail(job, handler, error);
    }
  }

  async #fail(job: Job, handler: JobHandler, error: unknown): Promise<void> {
    const attempts = job.attempts + 1;
    const known = error instanceof CfError && error.status < 500;
    if (!known) {
      this.#logger.error("job-failed", {
        job: job.guid,
        operation: job.operation,
        attempts,
        error,
      });
    }
    // A full disk is not emptier in a few seconds; who waits for the job learns it at once.
    const cause = error instanceof CfError ? error.cause : error;
    const isFull = cause instanceof BlobstoreFull;
    if (!known && !isFull && attempts < (handler.maximumAttempts ?? 1)) {
      await this.#db
        .updateTable("jobs")
        .set({
          ...touched(this.#clock),
          attempts,
          errors: JSON.stringify(entriesOf(error)),
          runAt: addMs(this.#clock.now(), retryDelayMs(attempts)).toISOString(),
          lockedBy: null,
          lockedAt: null,
        })
        .where("guid", "=", job.guid)
        .execute();
      return;
    }
    await this.#finish(job, { state: "FAILED", errors: entriesOf(error) });
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
        lockedBy: null,
        lockedAt: null,
      })
      .where("guid", "=", job.guid)
      .execute();
    this.#changes.notify(jobKey(job.guid));
  }
}

/** What the job shows; what nobody has foreseen stays in our log. */
function entriesOf(error: unknown): readonly CfErrorEntry[] {
  if (error instanceof CfError) return error.entries;
  if (error instanceof BlobstoreFull) return new CfError("BlobstoreError", error.message).entries;
  return new CfError(error instanceof DeadlineExceeded ? "JobTimeout" : "UnknownError").entries;
}
