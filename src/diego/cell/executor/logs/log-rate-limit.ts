import type { Clock } from "#kernel/clock/clock.ts";

/**
 * The bytes a second that an instance may log: a bucket that holds one second's worth. Once it is exceeded everything
 * is dropped for a second, and one notice stands for what is missing.
 */
export class LogRateLimit {
  readonly #clock: Clock;
  readonly #bytesPerSecond: number;
  #bytesLeft: number;
  #refilledAt: number;
  #droppingUntil = 0;

  /** -1: unlimited; 0: nothing may be logged. */
  constructor(bytesPerSecond: number, clock: Clock) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#bytesLeft = bytesPerSecond;
    this.#refilledAt = clock.now().getTime();
  }

  get notice(): string {
    return `app instance exceeded log rate limit (${this.#bytesPerSecond} bytes/sec)`;
  }

  admit(bytes: number): "pass" | "drop" | "drop-with-notice" {
    if (this.#bytesPerSecond < 0) return "pass";
    const now = this.#clock.now().getTime();
    if (now < this.#droppingUntil) return "drop";
    this.#refill(now);
    if (bytes <= this.#bytesLeft) {
      this.#bytesLeft -= bytes;
      return "pass";
    }
    this.#droppingUntil = now + 1000;
    return "drop-with-notice";
  }

  #refill(now: number): void {
    const earned = (this.#bytesPerSecond * (now - this.#refilledAt)) / 1000;
    this.#bytesLeft = Math.min(this.#bytesPerSecond, this.#bytesLeft + Math.max(0, earned));
    this.#refilledAt = now;
  }
}
