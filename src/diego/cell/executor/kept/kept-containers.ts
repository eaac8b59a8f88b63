import type { Readable } from "node:stream";
import { addMs, type Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop } from "#kernel/loop/loop.ts";
import type { KeepRequest } from "#diego/models/keep-request.ts";
import type { ContainerTerminal } from "../../runtime/container-runtime.ts";
import type { Capacity } from "../capacity.ts";
import type { ManagedContainer } from "../managed-container.ts";
import { givingWay, type Keeping } from "./giving-way.ts";
import type { Window } from "./shell-after.ts";

export interface KeptLimits {
  /** 0: none is kept. */
  readonly containers: number;
  /** Open at once in one container. */
  readonly terminals: number;
}

export type OpenedTerminal =
  | {
      readonly kind: "opened";
      readonly terminal: ContainerTerminal;
      /** Resolves with the words for whoever sits at it, where the container is taken away under it. */
      readonly taken: Promise<string>;
    }
  | { readonly kind: "not-kept" }
  | { readonly kind: "too-many"; readonly most: number };

interface Kept {
  readonly container: ManagedContainer;
  readonly request: KeepRequest;
  readonly keptAt: Date;
  until: Date;
  readonly terminals: Set<{ readonly take: (reason: string) => void }>;
}

/** However long somebody sits there: that many times what was asked for. */
const longestTimes = 4;
const periodMs = 2_000;

/**
 * Containers whose program has failed and whose end has been told: nothing runs in them but what people start. They take
 * places of the cell, and any work that wants those gets them at once.
 */
export class KeptContainers implements AsyncDisposable {
  readonly #limits: KeptLimits;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #kept = new Map<string, Kept>();
  readonly #leaving = new Set<Promise<void>>();
  readonly loop: Loop;

  constructor(options: {
    readonly limits: KeptLimits;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.loop = new Loop({
      ...options,
      name: "kept-containers",
      periodMs,
      activation: async () => this.#expire(),
    });
  }

  keep(container: ManagedContainer, request: KeepRequest, free: Capacity): void {
    const keptAt = this.#clock.now();
    const until = addMs(keptAt, request.forMs);
    const { guid } = container.allocation;
    this.#kept.set(guid, { container, request, keptAt, until, terminals: new Set() });
    this.#logger.info("container-kept", { guid, until });
    this.makeRoom(free);
  }

  list(): readonly Keeping[] {
    return [...this.#kept].map(([guid, { container, until, terminals }]) => {
      const { memoryMb, diskMb } = container.allocation;
      const snapshots = container.snapshots?.list() ?? [];
      return { guid, memoryMb, diskMb, until, terminals: terminals.size, snapshots };
    });
  }

  /** Those for which work leaves no place go. `free` is what the cell has beside its work. */
  makeRoom(free: Capacity): void {
    for (const guid of givingWay(free, this.#limits.containers, this.list())) {
      void this.release(guid, "its place on the cell is needed");
    }
  }

  /** Resolves once what was told to go has gone. */
  async roomMade(): Promise<void> {
    await Promise.all(this.#leaving);
  }

  openTerminal(guid: string, window: Window): OpenedTerminal {
    const kept = this.#kept.get(guid);
    if (kept === undefined) return { kind: "not-kept" };
    const most = this.#limits.terminals;
    if (kept.terminals.size >= most) return { kind: "too-many", most };
    const terminal = kept.container.openTerminal(window, kept.request.directory);
    const { promise: taken, resolve: take } = Promise.withResolvers<string>();
    const open = { take };
    kept.terminals.add(open);
    this.#prolong(kept);
    void terminal.exited.then(() => {
      kept.terminals.delete(open);
      this.#prolong(kept);
    });
    return { kind: "opened", terminal, taken };
  }

  /**
   * What the script found, as a tar of the entries of /tmp; undefined where nothing of that is kept. While it is read the
   * container gives way as one with a terminal does.
   */
  readSnapshot(guid: string, script: string): Readable | undefined {
    const kept = this.#kept.get(guid);
    const isKept = kept?.container.snapshots
      ?.list()
      .some((each) => each.script === script && !each.isFirst);
    const tar = isKept === true ? kept?.container.snapshots?.read(script) : undefined;
    if (kept === undefined || tar === undefined) return undefined;
    const open = { take: (reason: string) => void tar.destroy(new Error(reason)) };
    kept.terminals.add(open);
    tar.once("close", () => {
      kept.terminals.delete(open);
      this.#prolong(kept);
    });
    return tar;
  }

  /** Removes it; whoever sits at a terminal of it reads the reason first. */
  async release(guid: string, reason: string): Promise<void> {
    const kept = this.#kept.get(guid);
    if (kept === undefined) return;
    this.#kept.delete(guid);
    for (const terminal of kept.terminals) terminal.take(reason);
    this.#logger.info("kept-container-released", { guid, reason });
    const leaving = kept.container.destroy().catch((error: unknown) => {
      this.#logger.error("kept-container-not-destroyed", { guid, error });
      // The next round tries again.
      this.#kept.set(guid, { ...kept, until: kept.keptAt });
    });
    this.#leaving.add(leaving);
    await leaving;
    this.#leaving.delete(leaving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.loop[Symbol.asyncDispose]();
    const guids = [...this.#kept.keys()];
    await Promise.all(guids.map((guid) => this.release(guid, "the cell is being stopped")));
    await this.roomMade();
  }

  #prolong(kept: Kept): void {
    const { forMs } = kept.request;
    const wanted = addMs(this.#clock.now(), forMs).getTime();
    const last = addMs(kept.keptAt, longestTimes * forMs).getTime();
    kept.until = addMs(kept.keptAt, Math.min(wanted, last) - kept.keptAt.getTime());
  }

  #expire(): { readonly kept: number } {
    const now = this.#clock.now();
    for (const { guid, until } of this.list()) {
      if (until <= now) void this.release(guid, "its time is over");
    }
    return { kept: this.#kept.size };
  }
}
