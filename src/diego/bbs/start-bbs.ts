import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids, type GuidSource } from "#kernel/guid.ts";
import type { InternalSecret } from "#kernel/http/internal-auth.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { meterLoops } from "#kernel/metrics/loop-metrics.ts";
import { createRegistry } from "#kernel/metrics/registry.ts";
import { Loop } from "#kernel/loop/loop.ts";
import type { DatabaseConfig } from "#db/database-config.ts";
import { openDatabase } from "#db/open-database.ts";
import { queryMeter } from "#db/query-metrics.ts";
import type { AuctioneerClient } from "#diego/auctioneer/client.ts";
import type { RepClientFactory } from "#diego/cell/rep/client.ts";
import { encodeLrpEvent, encodeTaskEvent } from "#diego/models/event-codec.ts";
import type { LrpEvent, TaskEvent } from "#diego/models/event.ts";
import { Auctions } from "./auctions.ts";
import { bbsMetrics } from "./bbs-metrics.ts";
import { BackgroundWork } from "./background-work.ts";
import { CellPresences } from "./cell-presences.ts";
import { ActualLrpLifecycle } from "./controllers/actual-lrp-lifecycle.ts";
import { ActualLrpRetirement } from "./controllers/actual-lrp-retirement.ts";
import { DesiredLrpOperations } from "./controllers/desired-lrp-operations.ts";
import { TaskOperations } from "./controllers/task-operations.ts";
import { ConvergenceSignal } from "./convergence/convergence-signal.ts";
import { convergeLrps } from "./convergence/lrp-convergence.ts";
import { convergeTasks } from "./convergence/task-convergence.ts";
import { EventHub } from "./events/event-hub.ts";
import { actualLrpRoutes } from "./http/actual-lrp-routes.ts";
import { BbsServer } from "./http/bbs-server.ts";
import { cellRoutes } from "./http/cell-routes.ts";
import { desiredLrpRoutes } from "./http/desired-lrp-routes.ts";
import { domainRoutes } from "./http/domain-routes.ts";
import { eventRoutes } from "./http/event-routes.ts";
import type { ProtobufRoute } from "./http/protobuf-route.ts";
import { taskRoutes } from "./http/task-routes.ts";
import { bbsMigrations } from "./migrations/all.ts";
import type { BbsDatabase, BbsSchema } from "./store/bbs-schema.ts";
import { SingleWriter } from "./store/single-writer.ts";
import { TaskCallbacks, type Fetch } from "./task-callbacks.ts";

export interface BbsConfig {
  readonly database: DatabaseConfig;
  /** 0: a free one. */
  readonly port: number;
  readonly secret: InternalSecret;
  /** Between the end of a convergence and the start of the next; default 30,000. */
  readonly convergeIntervalMs?: number;
  /** After this long without news, a completed task's owner is told again; default 30,000. */
  readonly kickTaskMs?: number;
  /** After this long, a completed task is deleted, told or not; default 120,000. */
  readonly expireCompletedTaskMs?: number;
  /** After this long without a cell, a task fails; default 1,800,000. */
  readonly expirePendingTaskMs?: number;
  /** Rejections that a task survives; default 3. */
  readonly maxTaskRetries?: number;
  /** Events that a subscriber may lag behind before it is cut off; default 1,024. */
  readonly eventBufferSize?: number;
  /** How long after the start no cell counts as missing: the TTL of presences; default 15,000. */
  readonly cellGraceMs?: number;
}

export interface BbsDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly auctioneer: AuctioneerClient;
  readonly repClient: RepClientFactory;
  readonly guids?: GuidSource;
  /** For task callbacks. */
  readonly fetch?: Fetch;
}

export interface Bbs extends AsyncDisposable {
  readonly url: string;
  /** Runs one convergence now and waits for its end. */
  converge(): Promise<void>;
}

export async function startBbs(config: BbsConfig, dependencies: BbsDependencies): Promise<Bbs> {
  const { clock, logger } = dependencies;
  await using starting = new AsyncDisposableStack();
  const registry = createRegistry("bbs");
  const db = await openDatabase<BbsSchema>(config.database, bbsMigrations, queryMeter(registry));
  starting.defer(() => db.destroy());
  const bufferSize = config.eventBufferSize ?? 1_024;
  const hubs = {
    lrpEvents: new EventHub<LrpEvent>({ logger, bufferSize, encode: encodeLrpEvent }),
    taskEvents: new EventHub<TaskEvent>({ logger, bufferSize, encode: encodeTaskEvent }),
  };
  const signal = new ConvergenceSignal();
  const cells = starting.use(
    new CellPresences({
      clock,
      logger,
      convergence: signal,
      graceMs: config.cellGraceMs ?? 15_000,
    }),
  );
  const shared: Shared = {
    clock,
    logger,
    guids: dependencies.guids ?? randomGuids,
    db,
    writer: new SingleWriter({ db, ...hubs }),
    cells,
    convergence: signal,
    upSince: clock.now(),
    repClient: dependencies.repClient,
    background: starting.use(new BackgroundWork({ logger, concurrency: 20, queueSize: 10_000 })),
  };
  const auctions = new Auctions(dependencies.auctioneer, shared.background);
  const callbacks = new TaskCallbacks({
    ...shared,
    background: starting.use(new BackgroundWork({ logger, concurrency: 100, queueSize: 10_000 })),
    fetch: dependencies.fetch ?? fetch,
  });
  const retirement = new ActualLrpRetirement(shared);
  const parts: Parts = { ...shared, auctions, callbacks, retirement };
  const convergence = starting.use(convergenceLoop(config, parts));
  meterLoops(registry, () => [convergence.status()]);
  const server = starting.use(
    await BbsServer.listen({
      port: config.port,
      secret: config.secret,
      logger,
      routes: routes(config, parts),
      eventRoutes: eventRoutes(hubs.lrpEvents, hubs.taskEvents),
      loops: () => [convergence.status()],
      metrics: bbsMetrics(registry, db),
      registry,
    }),
  );
  starting.defer(() => {
    hubs.lrpEvents.close();
    hubs.taskEvents.close();
  });
  signal.listen((reason) => void convergence.activate(reason));
  convergence.start();
  const running = starting.move();
  return {
    url: server.url,
    converge: () => convergence.activate("asked"),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface Shared {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guids: GuidSource;
  readonly db: BbsDatabase;
  readonly writer: SingleWriter;
  readonly cells: CellPresences;
  readonly convergence: ConvergenceSignal;
  readonly upSince: Date;
  readonly repClient: RepClientFactory;
  readonly background: BackgroundWork;
}

interface Parts extends Shared {
  readonly auctions: Auctions;
  readonly callbacks: TaskCallbacks;
  readonly retirement: ActualLrpRetirement;
}

function routes(config: BbsConfig, parts: Parts): ProtobufRoute[] {
  const tasks = new TaskOperations({ ...parts, maxRetries: config.maxTaskRetries ?? 3 });
  return [
    ...domainRoutes(parts),
    ...cellRoutes(parts.cells),
    ...taskRoutes(parts.db, tasks),
    ...desiredLrpRoutes(parts.db, new DesiredLrpOperations(parts)),
    ...actualLrpRoutes(parts.db, new ActualLrpLifecycle(parts), parts.retirement),
  ];
}

function convergenceLoop(config: BbsConfig, parts: Parts): Loop {
  const limits = {
    kickAfterMs: config.kickTaskMs ?? 30_000,
    expireCompletedAfterMs: config.expireCompletedTaskMs ?? 120_000,
    expirePendingAfterMs: config.expirePendingTaskMs ?? 1_800_000,
  };
  return new Loop({
    name: "bbs.convergence",
    clock: parts.clock,
    logger: parts.logger,
    periodMs: config.convergeIntervalMs ?? 30_000,
    activation: async (signal) => {
      const [lrps, tasks] = await bothEnded(
        convergeLrps(parts, signal),
        convergeTasks({ ...parts, limits }, signal),
      );
      return { lrps, tasks };
    },
  });
}

/** Both halves of a pass end before it does, also where one fails. */
async function bothEnded<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}
