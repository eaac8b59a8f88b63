import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { CellPresence } from "#diego/models/cell-presence.ts";
import type { ConvergenceSignal } from "./convergence/convergence-signal.ts";

/** The presences that convergence decides by. */
export interface CellSet {
  readonly present: ReadonlySet<string>;
  /** False while a restarted BBS cannot know yet which cells are gone. */
  readonly isComplete: boolean;
  /** When the last of them appeared that had not been there before. */
  readonly newestAppearedAt: Date | undefined;
}

interface CellPresencesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asked whenever a cell appears or disappears, and when the grace of the start is over. */
  readonly convergence: ConvergenceSignal;
  /** How long after the start a cell may be silent before it counts as missing: one heartbeat's TTL. */
  readonly graceMs: number;
}

interface Entry {
  readonly presence: CellPresence;
  readonly expiresAt: number;
}

/**
 * Which cells are there: each by its last heartbeat and that one's TTL. Kept in memory only, for a rep repeats its
 * heartbeat every few seconds; so for the first TTL after a start no cell counts as missing.
 */
export class CellPresences implements AsyncDisposable {
  readonly #options: CellPresencesOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #stop = new AbortController();
  readonly #completeAt: number;
  readonly #grace: Promise<void>;
  #newestAppearedAt: Date | undefined;
  #watching: Promise<void> | undefined;

  constructor(options: CellPresencesOptions) {
    this.#options = options;
    this.#completeAt = options.clock.now().getTime() + options.graceMs;
    this.#grace = this.#sleep(options.graceMs).then(() => this.#ask("cells-complete"));
  }

  heartbeat(presence: CellPresence, ttlMs: number): void {
    if (this.#stop.signal.aborted) return;
    const isNew = !this.#entries.has(presence.cellId);
    const expiresAt = this.#now() + ttlMs;
    this.#entries.set(presence.cellId, { presence, expiresAt });
    this.#watching ??= this.#watch();
    if (!isNew) return;
    this.#options.logger.info("cell-appeared", { cellId: presence.cellId });
    this.#newestAppearedAt = this.#options.clock.now();
    this.#ask("cell-appeared");
  }

  /** A cell says itself that it goes. */
  withdraw(cellId: string): void {
    if (this.#entries.delete(cellId)) this.#disappeared(cellId);
  }

  list(): CellPresence[] {
    return this.#live().map(({ presence }) => presence);
  }

  cell(cellId: string): CellPresence | undefined {
    const entry = this.#entries.get(cellId);
    return entry !== undefined && entry.expiresAt > this.#now() ? entry.presence : undefined;
  }

  cellSet(): CellSet {
    return {
      present: new Set(this.list().map(({ cellId }) => cellId)),
      isComplete: this.#now() >= this.#completeAt,
      newestAppearedAt: this.#newestAppearedAt,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#watching, this.#grace]);
  }

  /** Wakes at the earliest expiry; a heartbeat only moves expiries away, so it need not wake earlier. */
  async #watch(): Promise<void> {
    while (this.#entries.size > 0 && !this.#stop.signal.aborted) {
      const earliest = Math.min(...[...this.#entries.values()].map(({ expiresAt }) => expiresAt));
      await this.#sleep(earliest - this.#now());
      const now = this.#now();
      for (const [cellId, { expiresAt }] of this.#entries) {
        if (expiresAt > now) continue;
        this.#entries.delete(cellId);
        this.#disappeared(cellId);
      }
    }
    this.#watching = undefined;
  }

  #disappeared(cellId: string): void {
    if (this.#stop.signal.aborted) return;
    this.#options.logger.warn("cell-disappeared", { cellId });
    this.#ask("cell-disappeared");
  }

  #ask(reason: string): void {
    if (!this.#stop.signal.aborted) this.#options.convergence.ask(reason);
  }

  #live(): Entry[] {
    const now = this.#now();
    return [...this.#entries.values()].filter(({ expiresAt }) => expiresAt > now);
  }

  #now(): number {
    return this.#options.clock.now().getTime();
  }

  async #sleep(ms: number): Promise<void> {
    await this.#options.clock.sleep(ms, this.#stop.signal).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
  }
}
