import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { internalHeaders, type InternalSecret } from "#kernel/http/internal-auth.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";
import { withoutLogData } from "#kernel/log/log-context.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { EnvelopeQueue } from "./envelope-queue.ts";
import type { WireEnvelope } from "./envelope.ts";

/** What other components may know of log-cache: how to hand it envelopes. Reading goes by its public HTTP API. */
export interface LogIngest {
  /** Queues; never throws, never blocks. Beyond the queue's bound the oldest are dropped, and a line says how many. */
  emit(envelope: LogEnvelope): void;
  /** Gauges of a container, every 15 s. */
  emitGauge(envelope: GaugeEnvelope): void;
  /** Resolves once all that was emitted before has been taken, or could not be: it never throws. */
  flush(): Promise<void>;
}

/** Which component emitted an envelope: the original's names, constants of whoever emits. */
type Origin = "rep" | "gorouter" | "cloud_controller" | "auctioneer";

export interface LogEnvelope {
  /** The app's guid. */
  readonly sourceId: string;
  /** The instance's index as text. */
  readonly instanceId: string;
  /** `STG`, `APP/PROC/WEB`, `CELL`, `API`, `RTR`. */
  readonly sourceType: string;
  readonly type: "OUT" | "ERR";
  /** One line without its newline, 61,440 bytes at most. */
  readonly payload: Uint8Array | string;
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint;
  /** Becomes the tag `origin`, whatever `tags` says. */
  readonly origin: Origin;
  readonly tags: Readonly<Record<string, string>>;
}

export interface GaugeEnvelope extends StoredGauge {
  readonly origin: Origin;
}

/** As it is read back: `tags` has its origin. */
export interface StoredGauge {
  readonly sourceId: string;
  readonly instanceId: string;
  readonly timestamp: bigint;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, { readonly unit: string; readonly value: number }>>;
}

/** What Cloud Controller asks about a source. */
export interface LogCacheClient {
  /** The newest gauge of each instance of each process of the source. */
  latestGauges(sourceId: string): Promise<StoredGauge[]>;
  tail(sourceId: string): Promise<SourceTail>;
}

/** Who follows a source, and how far they are. Timestamps are nanoseconds, 0n for none. */
interface SourceTail {
  /** Somebody has read within the last 2 s as a tail does. */
  readonly tailed: boolean;
  readonly newestReturned: bigint;
  /** The newest that a reader has printed who, as the official client does, stays 2 s behind. */
  readonly newestShown: bigint;
  readonly newestStored: bigint;
}

export interface LogCacheConnection {
  /** log-cache's internal listener. */
  readonly url: string;
  readonly secret: InternalSecret;
}

export interface LogCacheClientDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
}

const requestTimeoutMs = 10_000;
const stopTimeoutMs = 2_000;
const flushEveryMs = 25;
const retryAfterMs = 1_000;

export function createLogIngest(
  connection: LogCacheConnection,
  dependencies: LogCacheClientDependencies,
): LogIngest & AsyncDisposable {
  return new HttpLogIngest(connection, dependencies);
}

/** Sends what is queued in batches, one at a time, at most `flushEveryMs` after it was emitted. */
class HttpLogIngest implements LogIngest, AsyncDisposable {
  readonly #connection: LogCacheConnection;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queue: EnvelopeQueue;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #isFlushAsked = false;
  #flushers: (() => void)[] = [];
  #sending: Promise<void> | undefined;

  constructor(connection: LogCacheConnection, dependencies: LogCacheClientDependencies) {
    this.#connection = connection;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    this.#queue = new EnvelopeQueue(dependencies.clock);
  }

  emit(envelope: LogEnvelope): void {
    this.#push(logToWire(envelope));
  }

  emitGauge(envelope: GaugeEnvelope): void {
    this.#push(gaugeToWire(envelope));
  }

  flush(): Promise<void> {
    if (this.#queue.isEmpty && this.#sending === undefined) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushers.push(resolve);
    this.#isFlushAsked = true;
    this.#wake.abort();
    this.#start();
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#sending;
    if (!this.#queue.isEmpty) await this.#sendAll(stopTimeoutMs);
    for (const resolve of this.#flushers.splice(0)) resolve();
  }

  #push(envelope: WireEnvelope): void {
    if (this.#stop.signal.aborted) return;
    this.#queue.push(envelope);
    this.#start();
  }

  #start(): void {
    if (this.#sending !== undefined) return;
    this.#sending = withoutLogData(() => this.#run()).finally(() => {
      this.#sending = undefined;
      if (!this.#stop.signal.aborted && !this.#queue.isEmpty) this.#start();
    });
  }

  async #run(): Promise<void> {
    let pauseMs = flushEveryMs;
    while (!this.#stop.signal.aborted && (!this.#queue.isEmpty || this.#flushers.length > 0)) {
      await this.#pause(pauseMs);
      if (this.#stop.signal.aborted) return;
      this.#isFlushAsked = false;
      const flushers = this.#flushers.splice(0);
      pauseMs = (await this.#sendAll(requestTimeoutMs)) ? flushEveryMs : retryAfterMs;
      for (const resolve of flushers) resolve();
    }
  }

  /** Ends early once somebody flushes. */
  async #pause(ms: number): Promise<void> {
    if (this.#isFlushAsked) return;
    this.#wake = new AbortController();
    const { signal } = this.#wake;
    await this.#clock.sleep(ms, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** False where log-cache did not take a batch; that batch stays queued. */
  async #sendAll(timeoutMs: number): Promise<boolean> {
    try {
      for (let batch = this.#queue.peek(); batch !== undefined; batch = this.#queue.peek()) {
        await this.#send(batch.json, timeoutMs);
        batch.taken();
      }
      return true;
    } catch (error) {
      this.#logger.warn("ingest-failed", { error });
      return false;
    }
  }

  async #send(body: string, timeoutMs: number): Promise<void> {
    const { url, secret } = this.#connection;
    await withDeadline({ clock: this.#clock, ms: timeoutMs }, async (signal) => {
      const response = await fetch(`${url}/v1/ingest`, {
        method: "POST",
        headers: { ...internalHeaders(secret), "content-type": "application/json" },
        body,
        signal,
      });
      const text = await response.text();
      if (!response.ok) {
        throw new Error(`Cannot hand over logs: log-cache answered ${response.status}: ${text}`);
      }
    });
  }
}

function logToWire(envelope: LogEnvelope): WireEnvelope {
  return {
    timestamp: envelope.timestamp.toString(),
    source_id: envelope.sourceId,
    instance_id: envelope.instanceId,
    tags: { ...envelope.tags, source_type: envelope.sourceType, origin: envelope.origin },
    log: { payload: base64(envelope.payload), type: envelope.type },
  };
}

function gaugeToWire(envelope: GaugeEnvelope): WireEnvelope {
  return {
    timestamp: envelope.timestamp.toString(),
    source_id: envelope.sourceId,
    instance_id: envelope.instanceId,
    tags: { ...envelope.tags, origin: envelope.origin },
    gauge: { metrics: { ...envelope.metrics } },
  };
}

function base64(payload: Uint8Array | string): string {
  if (typeof payload === "string") return Buffer.from(payload, "utf8").toString("base64");
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("base64");
}

const nanoseconds = z.string().transform((text) => BigInt(text));

const tailAnswer = z.object({
  tailed: z.boolean(),
  newest_returned: nanoseconds,
  newest_shown: nanoseconds,
  newest_stored: nanoseconds,
});

const gaugesAnswer = z.object({
  batch: z.array(
    z.object({
      timestamp: nanoseconds,
      source_id: z.string(),
      instance_id: z.string(),
      tags: z.record(z.string(), z.string()),
      gauge: z.object({
        metrics: z.record(z.string(), z.object({ unit: z.string(), value: z.number() })),
      }),
    }),
  ),
});

/** Every method throws where log-cache cannot be reached. */
export function createLogCacheClient(
  connection: LogCacheConnection,
  dependencies: Pick<LogCacheClientDependencies, "clock">,
): LogCacheClient {
  const get = (path: string): Promise<unknown> =>
    withDeadline({ clock: dependencies.clock, ms: requestTimeoutMs }, async (signal) => {
      const response = await fetch(`${connection.url}${path}`, {
        headers: { ...internalHeaders(connection.secret), ...requestIdHeaders() },
        signal,
      });
      if (!response.ok) throw new Error(`log-cache answered ${response.status} to GET ${path}`);
      return response.json();
    });

  return {
    async latestGauges(sourceId) {
      const answer = gaugesAnswer.parse(
        await get(`/v1/latest-gauges/${encodeURIComponent(sourceId)}`),
      );
      return answer.batch.map((envelope) => ({
        sourceId: envelope.source_id,
        instanceId: envelope.instance_id,
        timestamp: envelope.timestamp,
        tags: envelope.tags,
        metrics: envelope.gauge.metrics,
      }));
    },
    async tail(sourceId) {
      const answer = tailAnswer.parse(await get(`/v1/tails/${encodeURIComponent(sourceId)}`));
      return {
        tailed: answer.tailed,
        newestReturned: answer.newest_returned,
        newestShown: answer.newest_shown,
        newestStored: answer.newest_stored,
      };
    },
  };
}
