import type { Clock } from "#kernel/clock/clock.ts";
import type { LogCache, LogMessage } from "../api/log-cache.ts";
import { LogWindow } from "./log-window.ts";

export interface FollowOptions {
  readonly clock: Clock;
  readonly logCache: LogCache;
  readonly sourceId: string;
  /** Ends the following at once. */
  readonly signal: AbortSignal;
  show(message: LogMessage): void;
  /** True of the line after which nothing is waited for; draining ends with it. */
  isLast?(message: LogMessage): boolean;
  /** Takes what hinders the reading; it goes on. */
  warn(warning: string): void;
}

const pageSize = 1_000;
const pauseMs = 100;
const drainPauseMs = 50;
const mostErrors = 5;

/** Follows the log of one app from a point in time, faster than the official client and without losing late lines. */
export class LogFollower {
  readonly #options: FollowOptions;
  readonly #window: LogWindow;
  #errors = 0;
  #sawLast = false;

  private constructor(options: FollowOptions, start: bigint) {
    this.#options = options;
    this.#window = new LogWindow(start);
  }

  /** A follower of what comes after the newest line that there is now. */
  static async afterNewest(options: FollowOptions): Promise<LogFollower> {
    const { logCache, sourceId, signal } = options;
    try {
      const newest = await logCache.read(sourceId, { limit: 1, descending: true, signal });
      return new LogFollower(options, (newest.at(0)?.timestamp ?? -1n) + 1n);
    } catch (error) {
      signal.throwIfAborted();
      const follower = new LogFollower(options, 0n);
      follower.#complain(error);
      return follower;
    }
  }

  /** Shows lines until the signal aborts or reading has failed five times in a row. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted && this.#errors < mostErrors) {
      await this.#round();
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** Shows what is left: reads until the last line was there, or two rounds in a row bring nothing new. */
  async drain(): Promise<void> {
    const { clock, signal } = this.#options;
    let emptyRounds = 0;
    while (!this.#sawLast && emptyRounds < 2 && this.#errors < mostErrors) {
      if (await this.#round()) emptyRounds = 0;
      else emptyRounds += 1;
      if (emptyRounds === 1) await clock.sleep(drainPauseMs, signal);
    }
  }

  /** Reads page after page up to the newest line; resolves with whether there was a new one. */
  async #round(): Promise<boolean> {
    const { logCache, sourceId, signal } = this.#options;
    let startTime = this.#window.startTime;
    let isNews = false;
    try {
      for (;;) {
        const batch = await logCache.read(sourceId, { startTime, limit: pageSize, signal });
        const fresh = this.#window.take(batch);
        for (const message of fresh) this.#take(message);
        if (fresh.length > 0) isNews = true;
        this.#errors = 0;
        const last = batch.at(-1)?.timestamp;
        if (batch.length < pageSize || last === undefined) return isNews;
        startTime = last === startTime ? last + 1n : last;
      }
    } catch (error) {
      signal.throwIfAborted();
      this.#complain(error);
      return isNews;
    }
  }

  #take(message: LogMessage): void {
    this.#options.show(message);
    if (this.#options.isLast?.(message) === true) this.#sawLast = true;
  }

  #complain(error: unknown): void {
    this.#errors += 1;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.warn(`Failed to retrieve logs from Log Cache: ${reason}`);
  }
}
