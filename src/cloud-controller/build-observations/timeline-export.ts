import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { findBuild } from "../builds/find-build.ts";
import type { Database } from "../database/schema.ts";
import { tracesData } from "./open-telemetry.ts";
import { readTimeline } from "./read-timeline.ts";

/** A collector that is away must not fill the memory with what is to be sent to it. */
const waitingMax = 100;
const attempts = 3;
const retryMs = 5_000;
const answerMs = 10_000;
/** The cell's last word and the end of the build come on two ways. */
const endMs = 500;
const endAttempts = 60;

/**
 * Sends the timeline of each build that has ended to an OpenTelemetry collector, by OTLP over HTTP in JSON. For observation
 * only: what cannot be sent in three tries is logged and let go.
 */
export class TimelineExport implements AsyncDisposable {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #url: string;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();

  /** `endpoint` is the collector's, as OTEL_EXPORTER_OTLP_ENDPOINT has it: `/v1/traces` comes behind it. */
  constructor(options: {
    readonly db: Database;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly endpoint: string;
  }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#logger = options.logger.child("timeline-export");
    this.#url = `${options.endpoint.replace(/\/+$/, "")}/v1/traces`;
  }

  /** The cell has told all that it had to tell. Does not wait. */
  observationClosed(buildGuid: string): void {
    if (this.#running.size >= waitingMax) {
      this.#logger.warn("timeline-not-sent", { build: buildGuid, reason: "too many wait" });
      return;
    }
    const work = this.#send(buildGuid)
      .catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#logger.warn("timeline-not-sent", { build: buildGuid, error });
      })
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  async #send(buildGuid: string): Promise<void> {
    const body = await this.#timelineOf(buildGuid);
    if (body === undefined) return;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#post(body);
      } catch (error) {
        if (attempt === attempts) throw error;
      }
      await this.#clock.sleep(retryMs, this.#stopping.signal);
    }
  }

  /** Undefined where the build has gone. */
  async #timelineOf(buildGuid: string): Promise<string | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const build = await findBuild(this.#db, buildGuid);
      if (build === undefined) return undefined;
      if (build.state !== "STAGING" || attempt === endAttempts) {
        return JSON.stringify(tracesData(build, await readTimeline(this.#db, build)));
      }
      await this.#clock.sleep(endMs, this.#stopping.signal);
    }
  }

  async #post(body: string): Promise<void> {
    const deadline = { clock: this.#clock, ms: answerMs, signal: this.#stopping.signal };
    await withDeadline(deadline, async (signal) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(this.#url, { method: "POST", headers, body, signal });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`The collector answered ${response.status}`);
    });
  }
}
