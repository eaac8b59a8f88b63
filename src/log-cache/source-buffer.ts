import { weigh, type Envelope } from "./envelope.ts";

/**
 * The newest envelopes of one source, ascending by timestamp, no two alike. Readers go on from "the last one + 1 ns",
 * so an envelope whose timestamp is taken gets the next free nanosecond after it, which keeps the order of arrival.
 */
export class SourceBuffer {
  /** Slots below `#first` are given up; they are cut off once they are half of the array. */
  #slots: (Envelope | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  get size(): number {
    return this.#slots.length - this.#first;
  }

  /** By `weigh`. */
  get bytes(): number {
    return this.#bytes;
  }

  oldest(): Envelope | undefined {
    return this.#slots[this.#first];
  }

  newest(): Envelope | undefined {
    return this.#slots.at(-1);
  }

  insert(envelope: Envelope): void {
    const at = this.lowerBound(envelope.timestamp);
    const taken = this.#runLength(at, envelope.timestamp);
    const placed =
      taken === 0 ? envelope : { ...envelope, timestamp: envelope.timestamp + BigInt(taken) };
    if (at + taken === this.#slots.length) this.#slots.push(placed);
    else this.#slots.splice(at + taken, 0, placed);
    this.#bytes += weigh(placed);
  }

  dropOldest(): void {
    const oldest = this.#slots[this.#first];
    if (oldest === undefined) return;
    this.#slots[this.#first] = undefined;
    this.#first += 1;
    this.#bytes -= weigh(oldest);
    if (this.#first > 64 && this.#first * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Position of the first envelope at or after `timestamp`, for `at`. */
  lowerBound(timestamp: bigint): number {
    const newest = this.newest();
    if (newest === undefined || newest.timestamp < timestamp) return this.#slots.length;
    return search(this.#first, this.#slots.length, (i) => this.#timestamp(i) >= timestamp);
  }

  /** Valid until the next change of the buffer. */
  at(position: number): Envelope | undefined {
    return position < this.#first ? undefined : this.#slots[position];
  }

  /**
   * How many envelopes from `at` on carry `timestamp`, `timestamp + 1`, and so on without a gap. Timestamps grow by one
   * at least, so being in the run is monotone and can be searched for: a burst within one millisecond stays cheap.
   */
  #runLength(at: number, timestamp: bigint): number {
    const end = search(
      at,
      this.#slots.length,
      (i) => this.#timestamp(i) > timestamp + BigInt(i - at),
    );
    return end - at;
  }

  #timestamp(position: number): bigint {
    return this.#slots[position]?.timestamp ?? 0n;
  }
}

/** The first position in [from, to) where `isTrue` holds, else `to`; it must never turn false again. */
function search(from: number, to: number, isTrue: (position: number) => boolean): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
