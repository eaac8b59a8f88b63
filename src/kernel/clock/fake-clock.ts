import type { Clock } from "./clock.ts";

interface Sleeper {
  readonly due: number;
  wake(): void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];
  #watchers: { count: number; resolve(): void }[] = [];

  constructor(start = new Date("2030-01-01T00:00:00Z")) {
    this.#now = start.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { due: this.#now + ms, wake: resolve };
    const onAbort = () => {
      this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#sleepers.push(sleeper);
    this.#notify();
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Resolves once that many sleepers wait on the clock: the loops under test are idle. */
  async sleeping(count: number): Promise<void> {
    if (this.#sleepers.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watchers.push({ count, resolve });
    await promise;
  }

  /**
   * Waits for a sleeper, then moves time through each due instant up to `ms` from now. After each wake it waits until
   * as many sleep again as before, so a 30 s loop runs three times in `advance(90_000)`; a sleeper that never comes
   * back is given up after the pending promises have settled.
   */
  async advance(ms: number): Promise<void> {
    await this.sleeping(1);
    const target = this.#now + ms;
    for (;;) {
      const next = Math.min(...this.#sleepers.map((s) => s.due));
      if (next > target) break;
      this.#now = next;
      const due = this.#sleepers.filter((s) => s.due <= next);
      this.#sleepers = this.#sleepers.filter((s) => s.due > next);
      for (const sleeper of due) sleeper.wake();
      await settled();
    }
    this.#now = target;
  }

  #notify(): void {
    const met = this.#watchers.filter((w) => w.count <= this.#sleepers.length);
    this.#watchers = this.#watchers.filter((w) => !met.includes(w));
    for (const w of met) w.resolve();
  }
}

/** Lets promise chains and one turn of the event loop run out. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
