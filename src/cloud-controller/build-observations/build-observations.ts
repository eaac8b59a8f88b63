import { soonDurable } from "#db/soon-durable.ts";
import type { ObservationAnswer, ObservationBatch } from "#diego/models/observation.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { buildpackKey } from "../buildpacks/buildpack-table.ts";
import { withoutCredentials } from "../buildpacks/buildpack-uri.ts";
import type { Database, Executor } from "../database/schema.ts";
import { notFound } from "../http/cf-errors.ts";
import type { Changes } from "../http/long-poll.ts";
import type { StagingMetrics } from "../metrics/staging-metrics.ts";
import { findProgress, storeInterpretation } from "./build-log-store.ts";
import { interpretRecords } from "./interpret-records.ts";
import type { TimelineExport } from "./timeline-export.ts";

export function buildLogKey(buildGuid: string): string {
  return `build-log:${buildGuid}`;
}

/** Keeps what cells and Cloud Controller itself have to say of builds. */
export class BuildObservations implements AsyncDisposable {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #changes: Changes;
  readonly #timelineExport: TimelineExport | undefined;
  readonly #metrics: Pick<StagingMetrics, "observed">;

  constructor(options: {
    readonly db: Database;
    readonly clock: Clock;
    readonly changes: Changes;
    /** Undefined where no collector is configured. */
    readonly timelineExport: TimelineExport | undefined;
    readonly metrics: Pick<StagingMetrics, "observed">;
  }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#changes = options.changes;
    this.#timelineExport = options.timelineExport;
    this.#metrics = options.metrics;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#timelineExport?.[Symbol.asyncDispose]();
  }

  /** Idempotent. @throws 404 where the build has gone: the cell stops then */
  async receive(buildGuid: string, batch: ObservationBatch): Promise<ObservationAnswer> {
    const receive = async (tx: Executor) => {
      await requireBuild(tx, buildGuid);
      const speaksOfBuildpacks = batch.records.some(({ what }) => what.kind === "trace");
      const nameOf = speaksOfBuildpacks ? await buildpackNames(tx) : withoutCredentials;
      const before = await findProgress(tx, buildGuid);
      const interpretation = interpretRecords(before, batch, nameOf);
      await storeInterpretation(tx, buildGuid, interpretation);
      return interpretation.spans;
    };
    // After a power cut the cell is gone, and so is what a running staging would come to: only the end of it waits for the disk,
    // and takes all before it along.
    const spans = await (batch.closed
      ? this.#db.transaction().execute(receive)
      : soonDurable(this.#db, receive));
    this.#metrics.observed(spans);
    const key = buildLogKey(buildGuid);
    const followed = this.#changes.isAwaited(key);
    this.#changes.notify(key);
    if (batch.closed) this.#timelineExport?.observationClosed(buildGuid);
    return { followed };
  }

  /** A line of Cloud Controller's own, in the transaction that it belongs to. */
  async say(tx: Executor, buildGuid: string, text: string): Promise<void> {
    const before = await findProgress(tx, buildGuid);
    const number = before.lines + 1;
    const at = this.#clock.now().getTime();
    const line = { number, at, type: "ERR" as const, source: "API", text };
    const progress = { ...before, lines: number };
    await storeInterpretation(tx, buildGuid, { progress, lines: [line], spans: [] });
  }
}

async function requireBuild(tx: Executor, guid: string): Promise<void> {
  const row = await tx
    .selectFrom("builds")
    .select("guid")
    .where("guid", "=", guid)
    .executeTakeFirst();
  if (row === undefined) throw notFound("Build");
}

/** Keys are told as their users know them: the admin buildpack's name, or the URL without its password. */
async function buildpackNames(tx: Executor): Promise<(key: string) => string> {
  const rows = await tx.selectFrom("buildpacks").select(["guid", "name", "sha256"]).execute();
  const names = new Map(rows.map((row) => [buildpackKey(row), row.name]));
  return (key) => names.get(key) ?? withoutCredentials(key);
}
