import { addMs, type Clock } from "#kernel/clock/clock.ts";
import { forRequest, newRoundId } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";

/**
 * A convergence loop: an idempotent activation that takes no input, run once a period and whenever somebody asks,
 * never twice at once. Activations asked for during a run collapse into one more run. A failed activation is logged
 * and retried after `backoffMs` doubled up to the period: the next activation is the retry, so none retries inside.
 * Each activation has a request id of its own, which names the loop: it stands in every line that the activation causes,
 * here and in the components that it asks.
 */
export interface LoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly periodMs: number;
  /** First pause after a failure; default 1,000 ms, at most the period. */
  readonly backoffMs?: number;
  /** Runs once; its return value is shown to operators under `/loops`. */
  readonly activation: (signal: AbortSignal) => Promise<unknown>;
}

export interface LoopStatus {
  readonly name: string;
  readonly activations: number;
  readonly lastReason: string | undefined;
  readonly lastStartedAt: Date | undefined;
  readonly lastDurationMs: number | undefined;
  readonly lastResult: unknown;
  readonly lastError: string | undefined;
  /** When it runs next if nobody asks before; undefined while it runs, and before its first run. */
  readonly nextAt: Date | undefined;
}

export class Loop implements AsyncDisposable {
  readonly #options: LoopOptions;
  readonly #stop = new AbortController();
  #wake: AbortController | undefined;
  #pendingReason: string | undefined = "start";
  #waiters: (() => void)[] = [];
  #failuresInARow = 0;
  #status: LoopStatus;
  #running: Promise<void> | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#status = {
      name: options.name,
      activations: 0,
      lastReason: undefined,
      lastStartedAt: undefined,
      lastDurationMs: undefined,
      lastResult: undefined,
      lastError: undefined,
      nextAt: undefined,
    };
  }

  start(): this {
    this.#running ??= this.#run();
    return this;
  }

  status(): LoopStatus {
    return this.#status;
  }

  /** Asks for an activation and resolves once one that began after this call has ended. */
  activate(reason: string): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push(resolve);
    this.#pendingReason = reason;
    this.#wake?.abort();
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const waiters = this.#waiters.splice(0);
      const reason = this.#pendingReason ?? "period";
      this.#pendingReason = undefined;
      await forRequest(newRoundId(this.#options.name), () => this.#activateOnce(reason));
      for (const resolve of waiters) resolve();
      if (this.#pendingReason === undefined) await this.#pause();
    }
  }

  async #activateOnce(reason: string): Promise<void> {
    const { clock, logger, name, activation } = this.#options;
    const startedAt = clock.now();
    this.#status = { ...this.#status, nextAt: undefined };
    let lastResult: unknown;
    let lastError: string | undefined;
    try {
      lastResult = await activation(this.#stop.signal);
      this.#failuresInARow = 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#failuresInARow += 1;
      lastError = error instanceof Error ? error.message : String(error);
      logger.error("loop-activation-failed", { loop: name, reason, error });
    }
    this.#status = {
      name,
      activations: this.#status.activations + 1,
      lastReason: reason,
      lastStartedAt: startedAt,
      lastDurationMs: clock.now().getTime() - startedAt.getTime(),
      lastResult,
      lastError,
      nextAt: undefined,
    };
  }

  async #pause(): Promise<void> {
    const { clock, periodMs, backoffMs = 1_000 } = this.#options;
    const ms =
      this.#failuresInARow === 0
        ? periodMs
        : Math.min(periodMs, backoffMs * 2 ** (this.#failuresInARow - 1));
    this.#status = { ...this.#status, nextAt: addMs(clock.now(), ms) };
    this.#wake = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#wake.signal]);
    await clock.sleep(ms, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    this.#wake = undefined;
  }
}
