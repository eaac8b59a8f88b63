import type { LogIngest } from "#log-cache/client.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids, type GuidSource } from "#kernel/guid.ts";
import type { InternalSecret } from "#kernel/http/internal-auth.ts";
import { currentRequestId, forRequest } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { serveMetrics } from "#kernel/metrics/http-metrics.ts";
import { meterLoops } from "#kernel/metrics/loop-metrics.ts";
import { createRegistry } from "#kernel/metrics/registry.ts";
import { Loop } from "#kernel/loop/loop.ts";
import type { CellPresence } from "#diego/models/cell-presence.ts";
import type { KeptLimits } from "../executor/kept/kept-containers.ts";
import { Executor, type ExecutorDependencies } from "../executor/executor.ts";
import { meterCell } from "./cell-metrics.ts";
import type { CellResources, CellState, Work } from "./cell-state.ts";
import { Harmonizer } from "./harmonizer.ts";
import type { RepBbs } from "./operations.ts";
import { repServer } from "./rep-server.ts";
import { keptTasks } from "./kept-tasks.ts";
import { TerminalServer, type TerminalLimits } from "./terminal-server.ts";
import { cellLrp, cellTask, lrpAllocation, taskAllocation } from "./run-request.ts";

export interface RepConfig {
  /** Stays the same over restarts: rows and containers are found by it. */
  readonly cellId: string;
  readonly zone: string;
  /** 0: a free one. */
  readonly port: number;
  readonly secret: InternalSecret;
  readonly capacity: CellResources;
  readonly placementTags?: readonly string[];
  readonly optionalPlacementTags?: readonly string[];
  /** The cell's own, for temporary files and the list of what it has unpacked. */
  readonly directory: string;
  /** Where files are handed between components of one machine (`kernel/http/file-handover.ts`); undefined: nowhere. */
  readonly handoverDirectory?: string;
  /** Of archives whose content stays unpacked; default 10 GiB. */
  readonly cacheBytes?: number;
  /** From the wish that an instance with ports ends to its SIGTERM; default 1,000. */
  readonly drainMs?: number;
  /** From SIGTERM to SIGKILL; default 10,000. */
  readonly gracefulShutdownMs?: number;
  /** Between two passes over everything; default 30,000. */
  readonly pollIntervalMs?: number;
  /** Between two measurements of an instance; default 15,000. */
  readonly metricsIntervalMs?: number;
  /** Of containers of tasks that stay after a failure; none by default. */
  readonly kept?: KeptLimits & TerminalLimits;
}

export interface RepDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bbs: RepBbs;
  readonly runtime: ExecutorDependencies["runtime"];
  readonly logs: LogIngest;
  readonly guids?: GuidSource;
}

export interface Rep extends AsyncDisposable {
  readonly url: string;
}

const heartbeatMs = 5_000;
const presenceTtlSeconds = 15;

/**
 * A cell: its HTTP API, its presence, and the containers that it runs.
 *
 * Disposing it stops and removes its containers and reports nothing: their rows stay, and its presence runs out by
 * itself. A cell that is back before the rows are given to others makes its instances again at once, under their old
 * instance guids, without an auction.
 */
export async function startRep(config: RepConfig, dependencies: RepDependencies): Promise<Rep> {
  const { clock, bbs, guids = randomGuids } = dependencies;
  const logger = dependencies.logger.child("rep", { cellId: config.cellId });
  let harmonizer: Harmonizer | undefined;
  const executor = new Executor(
    { ...config, directory: config.directory },
    { ...dependencies, logger, onChange: (guid) => harmonizer?.containerChanged(guid) },
  );
  const harmony = new Harmonizer({ cellId: config.cellId, bbs, executor, logger });
  harmonizer = harmony;
  let url = "";
  const presence = new Loop({
    name: "cell-presence",
    clock,
    logger,
    periodMs: heartbeatMs,
    activation: () => bbs.cellPresence(presenceOf(config, dependencies, url), presenceTtlSeconds),
  });
  const passes = new Loop({
    name: "rep-harmonizer",
    clock,
    logger,
    periodMs: config.pollIntervalMs ?? 30_000,
    activation: async () => {
      if (!harmony.isReady) {
        logger.info("recovered", { ...(await harmony.recover()) });
        // Only now: what it has is known, so that an auction can count on what it says.
        presence.start();
      }
      return await harmony.pass();
    },
  });
  const server = repServer({
    secret: config.secret,
    logger,
    state: () => stateOf(config, dependencies, executor, url),
    take: (work) => takeWork({ cellId: config.cellId, executor, harmony, guids }, work),
    stopLrpInstance: (_processGuid, instanceGuid) => executor.stop(instanceGuid),
    updateLrpInstance: (instanceGuid, metricTags) => executor.update(instanceGuid, metricTags),
    cancelTask: (taskGuid) => harmony.cancelTask(taskGuid),
    keptTasks: () => keptTasks(executor.kept()),
    readSnapshot: (taskGuid, script) => executor.readSnapshot(taskGuid, script),
    releaseKept: (taskGuid) => void executor.releaseKept(taskGuid, "it has been deleted"),
    loops: () => [passes, presence, ...executor.loops()],
  });
  const terminals = new TerminalServer(
    { secret: config.secret, idleMs: config.kept?.idleMs ?? 0 },
    { clock, logger, open: (guid, window) => executor.openTerminal(guid, window) },
  );
  terminals.serve(server.server);
  const registry = createRegistry("cell", { cell: config.cellId });
  meterCell(registry, executor);
  meterLoops(registry, () => [passes, presence, ...executor.loops()].map((loop) => loop.status()));
  serveMetrics(server, registry);
  url = await server.listen({ host: "127.0.0.1", port: config.port });
  passes.start();
  await passes.activate("started");
  return {
    url,
    async [Symbol.asyncDispose]() {
      terminals.close();
      await server.close();
      await Promise.all([passes, presence].map((loop) => loop[Symbol.asyncDispose]()));
      await Promise.all([executor[Symbol.asyncDispose](), harmony[Symbol.asyncDispose]()]);
    },
  };
}

function presenceOf(config: RepConfig, { runtime }: RepDependencies, url: string): CellPresence {
  return {
    cellId: config.cellId,
    repUrl: url,
    zone: config.zone,
    capacity: config.capacity,
    preloadedRootFses: runtime.description.stacks,
    placementTags: config.placementTags ?? [],
    optionalPlacementTags: config.optionalPlacementTags ?? [],
  };
}

function stateOf(
  config: RepConfig,
  dependencies: RepDependencies,
  executor: Executor,
  url: string,
): CellState {
  const { capacity, ...presence } = presenceOf(config, dependencies, url);
  const containers = executor.list();
  const starting = new Set(["reserved", "initializing", "created"]);
  return {
    ...presence,
    availableResources: executor.remaining(),
    totalResources: capacity,
    lrps: containers.flatMap(cellLrp),
    tasks: containers.flatMap(cellTask),
    startingContainerCount: containers.filter(({ stage }) => starting.has(stage.state)).length,
    evacuating: false,
  };
}

/** Keeps places for what fits, big instances first; what has none, or is meant for another cell, goes back. */
function takeWork(
  parts: {
    readonly cellId: string;
    readonly executor: Executor;
    readonly harmony: Harmonizer;
    readonly guids: GuidSource;
  },
  work: Work,
): Work {
  const { cellId, executor, harmony, guids } = parts;
  if (!harmony.isReady || (work.cellId !== "" && work.cellId !== cellId)) return work;
  const lrps = work.lrps.toSorted((a, b) => b.resource.memoryMb - a.resource.memoryMb);
  const isRefused = (guid: string, refused: readonly { readonly guid: string }[]) =>
    refused.some((allocation) => allocation.guid === guid);
  // The original's instance guids: the first 28 characters of a UUID.
  const named = lrps.map((lrp) => ({ ...lrp, instanceGuid: guids().slice(0, 28) }));
  const refusedLrps = executor.allocate(named.map(lrpAllocation));
  const refusedTasks = executor.allocate(work.tasks.map(taskAllocation));
  // An original auctioneer names one request for all of it.
  const begin = (guid: string, requestId = currentRequestId()) =>
    forRequest(requestId, () => harmony.containerChanged(guid));
  for (const { instanceGuid, requestId } of named) begin(instanceGuid, requestId);
  for (const { taskGuid, requestId } of work.tasks) begin(taskGuid, requestId);
  return {
    cellId,
    lrps: named
      .filter(({ instanceGuid }) => isRefused(instanceGuid, refusedLrps))
      .map((lrp) => ({ ...lrp, instanceGuid: "" })),
    tasks: work.tasks.filter(({ taskGuid }) => isRefused(taskGuid, refusedTasks)),
  };
}
