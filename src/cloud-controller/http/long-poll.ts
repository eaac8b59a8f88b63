import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";

/**
 * Lets a reader of this process wait for the next change of a thing, by key (`job:<guid>`, `build:<guid>`). Only a
 * hint: whoever is woken reads the store again.
 */
export class Changes {
  readonly #waiters = new Map<string, Set<() => void>>();

  notify(key: string): void {
    for (const wake of this.#waiters.get(key) ?? []) wake();
  }

  /** Whether somebody listens now. */
  isAwaited(key: string): boolean {
    return this.#waiters.has(key);
  }

  /** Begins to listen at once; resolves at the next `notify` of that key. */
  next(key: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiters = this.#waiters.get(key) ?? new Set();
    this.#waiters.set(key, waiters.add(resolve));
    const done = () => {
      waiters.delete(resolve);
      if (waiters.size === 0 && this.#waiters.get(key) === waiters) this.#waiters.delete(key);
    };
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
    return promise.then(done);
  }
}

export interface LongPollOptions<T> {
  readonly key: string;
  readonly read: () => Promise<T>;
  /** The answer is held back as long as this holds. */
  readonly isPending: (value: T) => boolean;
  /** Milliseconds at most; default the server's. */
  readonly maximumMs?: number;
}

/**
 * Answers a poll when its thing has changed: the official client sleeps 3 s between polls and sets no time limit, so
 * holding its request removes most of the wait with no change to the client. `Prefer: wait=N` (RFC 7240) asks for
 * less, `wait=0` for none. A client that leaves, and the server's stop, end the wait.
 */
export class LongPoll {
  readonly #clock: Clock;
  readonly #changes: Changes;
  readonly #stopping: AbortSignal;
  readonly #defaultMs: number;
  #held = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly changes: Changes;
    readonly stopping: AbortSignal;
    /** 0 answers every poll at once. */
    readonly defaultMs: number;
  }) {
    this.#clock = options.clock;
    this.#changes = options.changes;
    this.#stopping = options.stopping;
    this.#defaultMs = options.defaultMs;
  }

  /** How many requests it is holding. */
  get held(): number {
    return this.#held;
  }

  async hold<T>(
    request: FastifyRequest,
    reply: FastifyReply,
    options: LongPollOptions<T>,
  ): Promise<T> {
    const limit = Math.min(options.maximumMs ?? this.#defaultMs, this.#defaultMs);
    const waitMs = Math.min(limit, preferredWaitMs(request.headers["prefer"]) ?? limit);
    if (waitMs <= 0) return await options.read();

    const ended = new AbortController();
    const end = () => ended.abort();
    reply.raw.once("close", end);
    const signal = AbortSignal.any([this.#stopping, ended.signal]);
    this.#held += 1;
    const expiry = this.#clock.sleep(waitMs, signal).then(end, () => undefined);
    try {
      for (;;) {
        const change = this.#changes.next(options.key, signal);
        const value = await options.read();
        if (!options.isPending(value) || signal.aborted) return value;
        await change;
      }
    } finally {
      reply.raw.off("close", end);
      end();
      await expiry;
      this.#held -= 1;
    }
  }
}

function preferredWaitMs(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header.join(",") : header;
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(text ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
