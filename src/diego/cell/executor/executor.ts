import path from "node:path";
import type { Readable } from "node:stream";
import { z } from "zod";
import type { LogIngest } from "#log-cache/client.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids, type GuidSource } from "#kernel/guid.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop } from "#kernel/loop/loop.ts";
import type { Container, ContainerRuntime } from "../runtime/container-runtime.ts";
import { fits, remaining, type Capacity } from "./capacity.ts";
import type { Allocation, ExecutorContainer, RunRequest } from "./container.ts";
import { ContainerMetricsEmitter } from "./container-metrics.ts";
import { allocationProperty } from "./container-preparation.ts";
import { failedOutcome } from "./container-stage.ts";
import { DependencyStore } from "./downloads/dependency-store.ts";
import { Downloader } from "./downloads/downloader.ts";
import { Uploader } from "./downloads/uploader.ts";
import { KeptContainers, type KeptLimits, type OpenedTerminal } from "./kept/kept-containers.ts";
import type { Keeping } from "./kept/giving-way.ts";
import type { Window } from "./kept/shell-after.ts";
import { ManagedContainer, type ContainerParts } from "./managed-container.ts";

export interface ExecutorConfig {
  readonly cellId: string;
  readonly capacity: Capacity;
  /** For temporary files and the list of what is unpacked; the executor's own. */
  readonly directory: string;
  /** Where files are handed between components of one machine (`kernel/http/file-handover.ts`); undefined: nowhere. */
  readonly handoverDirectory?: string;
  /** Of archives whose content stays unpacked; default 10 GiB. */
  readonly cacheBytes?: number;
  /** From the wish that an instance with ports ends to its SIGTERM; default 1,000. */
  readonly drainMs?: number;
  /** From SIGTERM to SIGKILL; default 10,000. */
  readonly gracefulShutdownMs?: number;
  /** Between two measurements of a container; default 15,000. */
  readonly metricsIntervalMs?: number;
  /** Of containers that stay after their program has failed; none by default. */
  readonly kept?: KeptLimits;
}

const nothingKept: KeptLimits = { containers: 0, terminals: 0 };

export interface ExecutorDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runtime: ContainerRuntime;
  readonly logs: LogIngest;
  readonly guids?: GuidSource;
  /** A container has reached another stage; called within that change, so it must return at once. */
  onChange(guid: string): void;
}

const reservationMs = 60_000;
const pruneIntervalMs = 30_000;

/** The containers of one cell: their places, their programs and their end. */
export class Executor implements AsyncDisposable {
  readonly total: Capacity;
  readonly #parts: ContainerParts;
  readonly #containers = new Map<string, ManagedContainer>();
  readonly #metrics: ContainerMetricsEmitter;
  readonly #kept: KeptContainers;
  readonly #loops: readonly Loop[];
  #disposed = false;

  constructor(config: ExecutorConfig, dependencies: ExecutorDependencies) {
    const { clock, runtime, logs, guids = randomGuids } = dependencies;
    const logger = dependencies.logger.child("executor", { cellId: config.cellId });
    const directory = (name: string) => path.join(config.directory, name);
    const { handoverDirectory } = config;
    const transfer = { clock, guids, logger, handoverDirectory };
    const downloader = new Downloader({ ...transfer, directory: directory("downloads") });
    const limits = config.kept ?? nothingKept;
    this.total = config.capacity;
    this.#kept = new KeptContainers({ limits, clock, logger });
    this.#metrics = new ContainerMetricsEmitter({
      clock,
      logger,
      logs,
      cellMemoryMb: config.capacity.memoryMb,
    });
    this.#parts = {
      cellId: config.cellId,
      clock,
      logger,
      guids,
      runtime,
      logs,
      downloader,
      uploader: new Uploader({ ...transfer, directory: directory("uploads") }),
      dependencies: new DependencyStore({
        runtime,
        downloader,
        logger,
        file: directory("dependencies.json"),
        budgetBytes: config.cacheBytes ?? 10 * 1024 ** 3,
      }),
      drainMs: config.drainMs ?? 1_000,
      gracefulShutdownMs: config.gracefulShutdownMs ?? 10_000,
      keepsFailed: limits.containers > 0,
      roomMade: () => this.#kept.roomMade(),
      onChange: (container) => {
        if (this.#disposed) return;
        if (container.stage.state === "running") this.#metrics.measureSoon(container);
        dependencies.onChange(container.allocation.guid);
      },
    };
    this.#loops = [
      new Loop({
        name: "container-metrics",
        clock,
        logger,
        periodMs: config.metricsIntervalMs ?? 15_000,
        activation: () => this.#metrics.measureAll(this.#containers.values()),
      }),
      new Loop({
        name: "reservation-pruner",
        clock,
        logger,
        periodMs: pruneIntervalMs,
        activation: async () => this.#expireReservations(),
      }),
      this.#kept.loop,
    ];
  }

  /**
   * Takes over what an earlier run of the cell left on the machine. Instances are given back, for the caller to `resume`
   * or `destroy`; tasks end as failed, since what they had to do afterwards is lost; the rest is destroyed.
   */
  async recover(): Promise<readonly ExecutorContainer[]> {
    const { dependencies, downloader, uploader } = this.#parts;
    await Promise.all([dependencies.load(), downloader.sweep(), uploader.sweep()]);
    const found = await this.#parts.runtime.containers();
    await Promise.all(found.map((container) => this.#takeOver(container)));
    for (const loop of this.#loops) loop.start();
    return this.list();
  }

  /**
   * Keeps places for as many as fit, in the order given; gives back those that do not. One that has its place already
   * keeps it: an auctioneer that asks again must not hear that it failed.
   */
  allocate(allocations: readonly Allocation[]): readonly Allocation[] {
    return allocations.filter((allocation) => {
      if (this.#containers.has(allocation.guid)) return false;
      if (this.#disposed || !fits(this.remaining(), allocation)) return true;
      this.#containers.set(allocation.guid, new ManagedContainer(allocation, this.#parts));
      this.#kept.makeRoom(this.remaining());
      return false;
    });
  }

  run(guid: string, request: RunRequest): void {
    this.#containers.get(guid)?.run(request);
  }

  /** Follows the processes of an instance that `recover` has found. */
  resume(guid: string, request: RunRequest): void {
    this.#containers.get(guid)?.resume(request);
  }

  /** Of a container that has been given what to run. */
  update(guid: string, metricTags: RunRequest["metricTags"]): void {
    this.#containers.get(guid)?.update(metricTags);
  }

  stop(guid: string): void {
    this.#containers.get(guid)?.stop();
  }

  /** Stops and removes it; its place is free afterwards. */
  async destroy(guid: string): Promise<void> {
    const container = this.#containers.get(guid);
    if (container === undefined) return;
    await container.destroy();
    this.#forget(guid);
  }

  /** Of a task whose end has been told: removes it, or keeps it where it has failed and that was asked for. */
  async conclude(guid: string): Promise<void> {
    const container = this.#containers.get(guid);
    const request = container?.keepRequest;
    if (container === undefined || request === undefined || this.#disposed) {
      await this.destroy(guid);
      return;
    }
    this.#forget(guid);
    this.#kept.keep(container, request, this.remaining());
    await container.endObservation();
  }

  #forget(guid: string): void {
    this.#metrics.forget(guid);
    this.#containers.delete(guid);
  }

  /** Containers that stay after their failure. They take no place from work: `remaining` counts theirs as free. */
  kept(): readonly Keeping[] {
    return this.#kept.list();
  }

  openTerminal(guid: string, window: Window): OpenedTerminal {
    return this.#kept.openTerminal(guid, window);
  }

  readSnapshot(guid: string, script: string): Readable | undefined {
    return this.#kept.readSnapshot(guid, script);
  }

  async releaseKept(guid: string, reason: string): Promise<void> {
    await this.#kept.release(guid, reason);
  }

  get(guid: string): ExecutorContainer | undefined {
    return this.#containers.get(guid)?.snapshot();
  }

  list(): readonly ExecutorContainer[] {
    return [...this.#containers.values()].map((container) => container.snapshot());
  }

  remaining(): Capacity {
    const allocations = [...this.#containers.values()].map(({ allocation }) => allocation);
    return remaining(this.total, allocations);
  }

  loops(): readonly Loop[] {
    return this.#loops;
  }

  /** Stops and removes every container, all at once, and tells nobody. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#loops.map((loop) => loop[Symbol.asyncDispose]()));
    await this.#kept[Symbol.asyncDispose]();
    const ends = await Promise.allSettled(
      [...this.#containers.values()].map((container) => container.destroy()),
    );
    for (const end of ends) {
      if (end.status === "rejected") {
        this.#parts.logger.error("container-not-destroyed", { error: end.reason });
      }
    }
    await this.#metrics.settled();
    await this.#parts.dependencies.saved();
    await this.#parts.uploader[Symbol.asyncDispose]();
    await this.#parts.downloader[Symbol.asyncDispose]();
  }

  async #takeOver(container: Container): Promise<void> {
    const allocation = allocationOf(container);
    if (allocation === undefined) {
      this.#parts.logger.warn("unknown-container", { handle: container.handle });
      await container.destroy();
      return;
    }
    const managed = new ManagedContainer(allocation, this.#parts);
    this.#containers.set(allocation.guid, managed);
    managed.adopt(container);
    if (allocation.owner.kind === "task") {
      managed.complete(failedOutcome("cell restarted while the task was running"));
    }
  }

  #expireReservations(): void {
    const before = this.#parts.clock.now().getTime() - reservationMs;
    for (const container of this.#containers.values()) {
      if (container.stage.state === "reserved" && container.reservedAt.getTime() < before) {
        container.complete(failedOutcome("expired container"));
      }
    }
  }
}

const allocationJson = z.object({
  guid: z.string(),
  owner: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("lrp"),
      key: z.object({ processGuid: z.string(), index: z.int(), domain: z.string() }),
      instanceGuid: z.string(),
    }),
    z.object({ kind: z.literal("task"), taskGuid: z.string(), domain: z.string() }),
  ]),
  memoryMb: z.int(),
  diskMb: z.int(),
  maxPids: z.int(),
  placementTags: z.array(z.string()),
  rootFs: z.string(),
});

function allocationOf(container: Container): Allocation | undefined {
  const property = container.properties[allocationProperty];
  if (property === undefined) return undefined;
  try {
    return allocationJson.parse(JSON.parse(property));
  } catch {
    // Of another version of the platform: as good as unknown.
    return undefined;
  }
}
