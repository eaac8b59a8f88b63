import { systemClock } from "#kernel/clock/system-clock.ts";
import type { Clock } from "#kernel/clock/clock.ts";

/** For tests of retries: a pause takes no time, a deadline (a minute and more) takes as long as it says. */
export class ImpatientClock implements Clock {
  readonly pauses: number[] = [];

  now(): Date {
    return systemClock.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms >= 60_000) return systemClock.sleep(ms, signal);
    this.pauses.push(ms);
    signal?.throwIfAborted();
  }
}
