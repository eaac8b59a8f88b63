import { availableParallelism } from "node:os";
import type { LogIngest } from "#log-cache/client.ts";
import { toNanoseconds, type Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { ContainerMetrics } from "../runtime/container-runtime.ts";
import type { ManagedContainer } from "./managed-container.ts";

const bytesPerMb = 1024 * 1024;

/**
 * Gauges of the instances on the cell, in the app's stream: Cloud Controller makes an instance's statistics of them. CPU
 * is a percentage of one core, between two measurements.
 */
export class ContainerMetricsEmitter {
  readonly #parts: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly logs: LogIngest;
    readonly cellMemoryMb: number;
  };
  readonly #last = new Map<string, Reading>();
  readonly #soon = new Set<Promise<void>>();

  constructor(parts: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly logs: LogIngest;
    readonly cellMemoryMb: number;
  }) {
    this.#parts = parts;
  }

  async measureAll(containers: Iterable<ManagedContainer>): Promise<void> {
    const running = [...containers].filter(({ stage }) => stage.state === "running");
    await Promise.all(running.map((container) => this.#measure(container)));
  }

  /** Without waiting for the next round: a user who has just started an app looks at once. */
  measureSoon(container: ManagedContainer): void {
    const work = this.#measure(container).finally(() => this.#soon.delete(work));
    this.#soon.add(work);
  }

  forget(guid: string): void {
    this.#last.delete(guid);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#soon);
  }

  async #measure(managed: ManagedContainer): Promise<void> {
    const { allocation, container, request } = managed;
    const { guid, owner } = allocation;
    if (owner.kind !== "lrp" || container === undefined || request === undefined) return;
    try {
      const metrics = await container.metrics();
      const at = toNanoseconds(this.#parts.clock.now());
      const { cpuNanoseconds } = metrics;
      const reading = { cpuNanoseconds, bytesLogged: managed.bytesLogged, at };
      const last = this.#last.get(guid);
      const cpu = cpuPercentage(last, reading);
      this.#last.set(guid, reading);
      const { definition } = request;
      const cell = { memoryMb: this.#parts.cellMemoryMb, cores: availableParallelism() };
      this.#parts.logs.emitGauge({
        sourceId: definition.metricsGuid || definition.logGuid,
        instanceId: String(owner.key.index),
        timestamp: at,
        origin: "rep",
        tags: request.metricTags,
        metrics: {
          ...gauges(metrics, cpu, at),
          cpu_entitlement: {
            unit: "percentage",
            value: entitlementPercentage(cpu, definition.memoryMb, cell),
          },
          memory_quota: { unit: "bytes", value: definition.memoryMb * bytesPerMb },
          disk_quota: { unit: "bytes", value: definition.diskMb * bytesPerMb },
          log_rate: { unit: "B/s", value: logRate(last, reading) },
          log_rate_limit: { unit: "B/s", value: definition.logRateLimitBytesPerSecond },
        },
      });
    } catch (error) {
      // It may have ended meanwhile.
      this.#parts.logger.info("container-not-measured", { guid, error });
    }
  }
}

interface CpuReading {
  readonly cpuNanoseconds: bigint;
  /** Nanoseconds since the epoch. */
  readonly at: bigint;
}

interface LogReading {
  readonly bytesLogged: number;
  /** Nanoseconds since the epoch. */
  readonly at: bigint;
}

type Reading = CpuReading & LogReading;

/** 100 is one core. 0 where there is nothing to compare with. */
export function cpuPercentage(before: CpuReading | undefined, now: CpuReading): number {
  if (before === undefined || now.at <= before.at) return 0;
  const used = Number(now.cpuNanoseconds - before.cpuNanoseconds);
  return Math.max(0, (used / Number(now.at - before.at)) * 100);
}

/** Bytes a second. 0 where there is nothing to compare with, and where the cell that counted has been started anew. */
export function logRate(before: LogReading | undefined, now: LogReading): number {
  if (before === undefined || now.at <= before.at) return 0;
  const seconds = Number(now.at - before.at) / 1e9;
  return Math.max(0, now.bytesLogged - before.bytesLogged) / seconds;
}

/**
 * How much of its entitlement a container uses: 100 is all of it. It is entitled to a part of the cell's cores, that of
 * its memory in the cell's (garden's rule), and may use more while others do not.
 */
export function entitlementPercentage(
  cpu: number,
  memoryMb: number,
  cell: { readonly memoryMb: number; readonly cores: number },
): number {
  const cores = (cell.cores * memoryMb) / cell.memoryMb;
  return cores === 0 ? 0 : cpu / cores;
}

function gauges(metrics: ContainerMetrics, cpu: number, at: bigint) {
  return {
    cpu: { unit: "percentage", value: cpu },
    memory: { unit: "bytes", value: metrics.memoryBytes },
    disk: { unit: "bytes", value: metrics.diskBytes },
    absolute_usage: { unit: "nanoseconds", value: Number(metrics.cpuNanoseconds) },
    container_age: {
      unit: "nanoseconds",
      value: Number(at - toNanoseconds(metrics.createdAt)),
    },
  };
}
