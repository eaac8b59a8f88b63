import { inThisContext } from "#kernel/log/log-context.ts";
import type { Logger } from "#kernel/log/logger.ts";

interface BackgroundWorkOptions {
  readonly logger: Logger;
  /** Pieces that run at once. */
  readonly concurrency: number;
  /** Pieces that may wait; more are dropped and logged. */
  readonly queueSize: number;
}

type Work = (signal: AbortSignal) => Promise<void>;

/**
 * Owns what a request starts but does not wait for. A piece that fails or is dropped is logged and not repeated:
 * convergence makes up for it.
 */
export class BackgroundWork implements AsyncDisposable {
  readonly #options: BackgroundWorkOptions;
  readonly #stop = new AbortController();
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(options: BackgroundWorkOptions) {
    this.#options = options;
  }

  run(name: string, work: Work): void {
    if (this.#stop.signal.aborted) return;
    if (this.#waiting.length >= this.#options.queueSize) {
      this.#options.logger.warn("background-work-dropped", { name });
      return;
    }
    this.#waiting.push(inThisContext(() => this.#perform(name, work)));
    this.#fill();
  }

  /** Aborts what runs, forgets what waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#waiting.length = 0;
    await Promise.all(this.#running);
  }

  #fill(): void {
    while (this.#running.size < this.#options.concurrency) {
      const piece = this.#waiting.shift();
      if (piece === undefined) return;
      const running = piece().then(() => {
        this.#running.delete(running);
        this.#fill();
      });
      this.#running.add(running);
    }
  }

  async #perform(name: string, work: Work): Promise<void> {
    try {
      await work(this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#options.logger.warn("background-work-failed", { name, error });
    }
  }
}
