import type { Clock } from "#kernel/clock/clock.ts";
import { toNanoseconds } from "#kernel/clock/clock.ts";
import type { Envelope } from "./envelope.ts";

/** A source counts as tailed for that long after a read; the official client reads four times a second. */
const tailedForMs = 2_000;

/** The official client throws away what is younger than that on its clock and reads it again later. */
const readerLagMs = 2_000;

const maxTails = 10_000;

export interface Tail {
  readonly isTailed: boolean;
  /** Nanoseconds; 0n before the first. */
  readonly newestReturned: bigint;
  /** Of what was returned, the newest that a reader 2 s behind, as the official client is, has printed by now. */
  readonly newestShown: bigint;
}

/**
 * Who is following which source. Cloud Controller asks before it shows a build's final state, at which the official
 * client stops reading, so that its last lines are not lost.
 */
export class Tails {
  readonly #clock: Clock;
  readonly #tails = new Map<string, { readAt: number; returned: bigint; shown: bigint }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a read in ascending order, what a tail does; `cf logs --recent` reads in descending order. */
  noteRead(sourceId: string, returned: readonly Envelope[]): void {
    const now = this.#clock.now();
    const settledBefore = toNanoseconds(now) - BigInt(readerLagMs) * 1_000_000n;
    const known = this.#tails.get(sourceId) ?? { readAt: 0, returned: 0n, shown: 0n };
    this.#tails.delete(sourceId);
    this.#tails.set(sourceId, {
      readAt: now.getTime(),
      returned: newest(known.returned, returned),
      shown: newest(
        known.shown,
        returned.filter((envelope) => envelope.timestamp <= settledBefore),
      ),
    });
    if (this.#tails.size <= maxTails) return;
    const [first] = this.#tails.keys();
    if (first !== undefined) this.#tails.delete(first);
  }

  tailOf(sourceId: string): Tail {
    const known = this.#tails.get(sourceId);
    if (known === undefined) return { isTailed: false, newestReturned: 0n, newestShown: 0n };
    return {
      isTailed: this.#clock.now().getTime() - known.readAt <= tailedForMs,
      newestReturned: known.returned,
      newestShown: known.shown,
    };
  }
}

function newest(so: bigint, envelopes: readonly Envelope[]): bigint {
  return envelopes.reduce((max, { timestamp }) => (timestamp > max ? timestamp : max), so);
}
