import type { LogMessage } from "../api/log-cache.ts";

const overlapNs = 2_000_000_000n;

/**
 * What a reader of a growing log has seen. Lines of different senders reach log-cache out of order, so each round reads
 * the last two seconds again, and the window tells the new lines from those already shown.
 */
export class LogWindow {
  #newest: bigint;
  #seen = new Map<string, bigint>();

  /** Lines older than `start` count as seen. */
  constructor(start: bigint) {
    this.#newest = start;
    this.#start = start;
  }

  readonly #start: bigint;

  /** Where the next round begins. */
  get startTime(): bigint {
    const from = this.#newest - overlapNs;
    return from > this.#start ? from : this.#start;
  }

  /** The lines of a batch that have not been taken before, in the order of their time. */
  take(batch: readonly LogMessage[]): LogMessage[] {
    const fresh = batch.filter((message) => {
      const key = `${message.timestamp} ${message.sourceType} ${message.instance} ${message.text}`;
      if (message.timestamp < this.#start || this.#seen.has(key)) return false;
      this.#seen.set(key, message.timestamp);
      if (message.timestamp > this.#newest) this.#newest = message.timestamp;
      return true;
    });
    this.#forgetOld();
    return fresh.sort((a, b) =>
      a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0,
    );
  }

  #forgetOld(): void {
    const oldest = this.startTime;
    for (const [key, timestamp] of this.#seen) {
      if (timestamp < oldest) this.#seen.delete(key);
    }
  }
}
