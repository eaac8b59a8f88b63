import { request } from "undici";
import {
  observationAnswerSchema,
  type Observed,
  type ObservationRecord,
} from "#diego/models/observation.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import type { GuidSource } from "#kernel/guid.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { developerText, isCancellation } from "../steps/step.ts";
import { settlesWithin } from "../waiting.ts";
import type { Observer, Work, WorkEnd } from "./observer.ts";

/** A batch costs the platform some ten milliseconds of its thread. What has not been sent is lost with the cell. */
const gatherMs = 1_000;
/** Where the answer to the last batch said that somebody follows, who sees a line that much later. */
const followedGatherMs = 400;
const retryMs = 1_000;
const answerMs = 10_000;
/** A container's end waits no longer than that for its listener, which tells the reason of a failure from what it has by then. */
const flushMs = 5_000;
const batchBytes = 256 * 1024;
/** The head of a log: never dropped. */
const headBytes = 2 * 1024 * 1024;
/**
 * Kept for a listener that is slow or away, head included. Of a flood that is longer the oldest lines behind the head go,
 * which their numbers tell: it is shown by samples, and its end whole.
 */
const pendingBytes = headBytes + 2 * 1024 * 1024;
const floodPauseMs = 1_000;

/** Of one container; a builder writes some twenty. */
const tracesMax = 2_000;

/** ENOSPC and EDQUOT, as the C library and Node say them. */
const fullDiskTexts = ["No space left on device", "ENOSPC", "Disk quota exceeded"];

interface Pending {
  readonly record: ObservationRecord;
  readonly bytes: number;
  readonly mayGo: boolean;
}

/**
 * Hands over in order, in batches, what happens in a container. A batch is repeated until it is taken, or refused: then
 * nothing more is sent. What has not been sent when the cell dies is lost, and nothing else.
 */
export class ObservationSender implements Observer {
  readonly listens = true;
  readonly #url: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #run: string;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #number = 0;
  #pumping: Promise<void> | undefined;
  #hurry = new AbortController();
  readonly #stop = new AbortController();
  #traces = 0;
  #addedBytes = 0;
  #sentBytes = 0;
  #sawFullDisk = false;
  #isFollowed = false;
  #state: "open" | "closing" | "refused" = "open";

  constructor(options: {
    readonly url: string;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly guids: GuidSource;
  }) {
    this.#url = options.url;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#run = options.guids();
  }

  line(source: string, type: "OUT" | "ERR", line: Buffer): void {
    this.#sawFullDisk ||= fullDiskTexts.some((said) => line.includes(said));
    this.#add({ kind: "line", type, source, text: line.toString("utf8") }, line.length);
  }

  trace(line: Buffer): void {
    this.#traces += 1;
    if (this.#traces > tracesMax) return;
    this.#add({ kind: "trace", text: line.toString("utf8") }, line.length);
  }

  async span<T>(what: Work, work: () => Promise<T>, endOf?: (result: T) => WorkEnd): Promise<T> {
    const startedAt = this.#clock.now();
    try {
      const result = await work();
      this.#end(what, startedAt, endOf?.(result) ?? {});
      return result;
    } catch (error) {
      const ended = isCancellation(error) ? "interrupted" : "failed";
      this.#end(what, startedAt, { outcome: developerText(error) ?? ended });
      throw error;
    }
  }

  sawFullDisk(): boolean {
    return this.#sawFullDisk;
  }

  ended(what: Work, startedAt: Date): void {
    this.#end(what, startedAt, {});
  }

  async flush(): Promise<void> {
    this.#hurry.abort();
    if (this.#pumping !== undefined) await settlesWithin(this.#pumping, flushMs, this.#clock);
    this.#hurry = new AbortController();
  }

  async close(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#start();
    await this.flush();
    this.#stop.abort();
    await this.#pumping;
  }

  #end({ name, subject }: Work, startedAt: Date, { outcome = "ok", facts = {} }: WorkEnd): void {
    const span = { kind: "span" as const, name, subject: subject.slice(0, 512), facts };
    const started = { startedAt: startedAt.getTime(), outcome: outcome.slice(0, 512) };
    this.#add({ ...span, ...started }, 200);
  }

  #add(what: Observed, size: number): void {
    if (this.#state !== "open") return;
    this.#number += 1;
    const at = this.#clock.now().getTime();
    // Beside the text itself a record is some hundred bytes of JSON.
    const bytes = size + 100;
    this.#addedBytes += bytes;
    const mayGo = what.kind === "line" && this.#addedBytes > headBytes;
    this.#pending.push({ record: { number: this.#number, at, what }, bytes, mayGo });
    this.#pendingBytes += bytes;
    if (this.#pendingBytes > pendingBytes) this.#dropOldestLines();
    this.#start();
  }

  /** A quarter at once, so that a flood is not paid for line by line. */
  #dropOldestLines(): void {
    const aim = (pendingBytes * 3) / 4;
    this.#pending = this.#pending.filter(({ bytes, mayGo }) => {
      if (!mayGo || this.#pendingBytes <= aim) return true;
      this.#pendingBytes -= bytes;
      return false;
    });
  }

  #start(): void {
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined;
    });
  }

  async #pump(): Promise<void> {
    while (this.#pending.length > 0 || this.#state === "closing") {
      if (this.#state === "open") await this.#pause(this.#gatheringMs(), this.#hurry.signal);
      const batch = this.#take();
      const isLast = this.#state === "closing" && this.#pending.length === 0;
      await this.#send(batch, isLast);
      if (this.#state === "refused" || isLast) return;
    }
  }

  #gatheringMs(): number {
    if (this.#sentBytes > headBytes) return floodPauseMs;
    return this.#isFollowed ? followedGatherMs : gatherMs;
  }

  #take(): ObservationRecord[] {
    let count = 0;
    for (let bytes = 0; count < this.#pending.length && bytes < batchBytes; count += 1) {
      bytes += this.#pending[count]?.bytes ?? 0;
    }
    const taken = this.#pending.splice(0, count);
    for (const { bytes } of taken) {
      this.#pendingBytes -= bytes;
      this.#sentBytes += bytes;
    }
    return taken.map(({ record }) => record);
  }

  /** Until it is taken; while closing only once. */
  async #send(records: readonly ObservationRecord[], closed: boolean): Promise<void> {
    for (;;) {
      const answer = await this.#post(JSON.stringify({ run: this.#run, records, closed }));
      const status = "status" in answer ? answer.status : undefined;
      if (status !== undefined && status < 300) return;
      const isRefused = status !== undefined && status >= 400 && status < 500;
      if (isRefused || this.#state === "closing") {
        this.#logger.info("observation-not-taken", answer);
        this.#state = "refused";
        this.#pending = [];
        return;
      }
      await this.#pause(retryMs, this.#stop.signal);
    }
  }

  /** Its status, or why there was no answer. */
  async #post(body: string): Promise<{ readonly status: number } | { readonly error: unknown }> {
    const deadline = { clock: this.#clock, ms: answerMs, signal: this.#stop.signal };
    try {
      return await withDeadline(deadline, async (signal) => {
        const headers = { ...requestIdHeaders(), "content-type": "application/json" };
        const response = await request(this.#url, { method: "POST", headers, body, signal });
        this.#isFollowed = saysFollowed(await response.body.text());
        return { status: response.statusCode };
      });
    } catch (error) {
      return { error };
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal).catch(() => undefined);
  }
}

/** Whoever takes batches need not answer anything. */
function saysFollowed(answer: string): boolean {
  try {
    return observationAnswerSchema.parse(JSON.parse(answer)).followed;
  } catch {
    return false;
  }
}
