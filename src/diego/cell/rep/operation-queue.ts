import { inThisContext } from "#kernel/log/log-context.ts";
import type { Logger } from "#kernel/log/logger.ts";

/**
 * Operations by guid: those of one guid never run at the same time, and a newer one takes the place of one that waits.
 * Different guids are concurrent. An operation that fails is logged; the next pass brings it back.
 */
export class OperationQueue implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #waiting = new Map<string, () => Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();
  #closed = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  push(guid: string, operation: () => Promise<void>): void {
    if (this.#closed) return;
    this.#waiting.set(
      guid,
      inThisContext(() => this.#perform(guid, operation)),
    );
    if (!this.#running.has(guid)) this.#running.set(guid, this.#drain(guid));
  }

  /** Resolves once nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Drops what waits and lets what runs come to its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#waiting.clear();
    await this.idle();
  }

  async #drain(guid: string): Promise<void> {
    // In a later turn, so that `push` has noted this drain before it can end.
    await Promise.resolve();
    for (;;) {
      const operation = this.#waiting.get(guid);
      if (operation === undefined) break;
      this.#waiting.delete(guid);
      await operation();
    }
    this.#running.delete(guid);
  }

  async #perform(guid: string, operation: () => Promise<void>): Promise<void> {
    try {
      await operation();
    } catch (error) {
      this.#logger.warn("operation-failed", { guid, error });
    }
  }
}
