import { toNanoseconds, type Clock } from "#kernel/clock/clock.ts";
import type { WireEnvelope } from "./envelope.ts";

const maxQueuedBytes = 8 * 1024 * 1024;
const maxBatchBytes = 1024 * 1024;
const maxBatchEnvelopes = 2_000;
/** Sources whose losses are counted apart. */
const maxCountedSources = 1_000;

export interface Batch {
  /** Body of `POST /v1/ingest`. */
  readonly json: string;
  /** Removes the batch from the queue. */
  taken(): void;
}

interface Entry {
  readonly sourceId: string;
  readonly json: string;
}

/**
 * Envelopes on their way to log-cache, bounded in bytes. The oldest give way, and the next batch tells each source how
 * many of its lines were lost.
 */
export class EnvelopeQueue {
  readonly #clock: Clock;
  #entries: Entry[] = [];
  /** Entries below are gone. */
  #head = 0;
  /** How many have ever left the queue: the absolute position of the head. */
  #left = 0;
  #bytes = 0;
  #losses = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#head === this.#entries.length && this.#losses.size === 0;
  }

  push(envelope: WireEnvelope): void {
    this.#append(envelope);
    while (this.#bytes > maxQueuedBytes && this.#entries.length - this.#head > 1) {
      this.#countLoss(this.#shift());
    }
  }

  /** The next batch, which stays queued until it is `taken`. */
  peek(): Batch | undefined {
    this.#reportLosses();
    if (this.isEmpty) return undefined;
    const end = this.#endOfBatch();
    const batch = this.#entries.slice(this.#head, end).map((entry) => entry.json);
    const lastPosition = this.#left + batch.length;
    return {
      json: `{"batch":[${batch.join(",")}]}`,
      // Some of the batch may have given way meanwhile.
      taken: () => {
        while (this.#left < lastPosition) this.#shift();
      },
    };
  }

  #endOfBatch(): number {
    let end = this.#head;
    let bytes = 0;
    while (end < this.#entries.length && end - this.#head < maxBatchEnvelopes) {
      bytes += this.#entries[end]?.json.length ?? 0;
      if (bytes > maxBatchBytes && end > this.#head) break;
      end += 1;
    }
    return end;
  }

  #append(envelope: WireEnvelope): void {
    const json = JSON.stringify(envelope);
    this.#entries.push({ sourceId: envelope.source_id, json });
    this.#bytes += json.length;
  }

  #shift(): Entry | undefined {
    const entry = this.#entries[this.#head];
    this.#head += 1;
    this.#left += 1;
    this.#bytes -= entry?.json.length ?? 0;
    if (this.#head > 1_024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  #countLoss(entry: Entry | undefined): void {
    if (entry === undefined) return;
    const known = this.#losses.get(entry.sourceId);
    if (known === undefined && this.#losses.size >= maxCountedSources) return;
    this.#losses.set(entry.sourceId, (known ?? 0) + 1);
  }

  #reportLosses(): void {
    const losses = [...this.#losses];
    this.#losses.clear();
    for (const [sourceId, count] of losses) {
      const text = `${count} log lines were dropped: they came faster than log-cache took them`;
      this.#append({
        timestamp: toNanoseconds(this.#clock.now()).toString(),
        source_id: sourceId,
        instance_id: "0",
        tags: { source_type: "LGR" },
        log: { payload: Buffer.from(text).toString("base64"), type: "ERR" },
      });
    }
  }
}
