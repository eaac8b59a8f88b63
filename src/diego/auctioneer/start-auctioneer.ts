import Fastify, { type FastifyInstance } from "fastify";
import type { BbsClient } from "#diego/bbs/client.ts";
import type { RepClientFactory } from "#diego/cell/rep/client.ts";
import type { LogIngest } from "#log-cache/client.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { carriesSecret, type InternalSecret } from "#kernel/http/internal-auth.ts";
import {
  currentRequestId,
  followRequests,
  forRequest,
  givenRequestId,
  logServed,
} from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { serveMetrics } from "#kernel/metrics/http-metrics.ts";
import { meterLoops } from "#kernel/metrics/loop-metrics.ts";
import { createRegistry } from "#kernel/metrics/registry.ts";
import { Loop } from "#kernel/loop/loop.ts";
import { auctionMetrics } from "./auction-metrics.ts";
import { AuctionQueue, onlyRequestOf } from "./auction-queue.ts";
import { Unplaced } from "./unplaced.ts";
import { WaitingLine } from "./waiting-line.ts";
import { lrpStartRequestFromJson, taskStartRequestFromJson } from "./client.ts";
import { holdRound, type RoundReport } from "./hold-round.ts";
import type { AuctionBatch } from "./schedule.ts";

export interface AuctioneerConfig {
  /** 0: a free one. */
  readonly port: number;
  readonly secret: InternalSecret;
  /** 0 (default): no limit on containers that start at the same time over all cells. */
  readonly startingContainerCountMaximum?: number;
  /** How long a cell may take to tell its state; default 10,000. */
  readonly cellStateTimeoutMs?: number;
}

export interface AuctioneerDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bbs: Pick<BbsClient, "cells" | "failActualLrp" | "rejectTask">;
  readonly repClient: RepClientFactory;
  /** Tasks that wait for room are told their place in line there. */
  readonly logs: Pick<LogIngest, "emit">;
}

export interface Auctioneer extends AsyncDisposable {
  readonly url: string;
}

/** How long what waits may overlook that a container has ended. Nothing is asked of the cells while nothing waits. */
const retryMs = 500;

export async function startAuctioneer(
  config: AuctioneerConfig,
  dependencies: AuctioneerDependencies,
): Promise<Auctioneer> {
  const { clock } = dependencies;
  const logger = dependencies.logger.child("auctioneer");
  const queue = new AuctionQueue();
  const unplaced = new Unplaced();
  const line = new WaitingLine({ clock, logs: dependencies.logs });
  const registry = createRegistry("auctioneer");
  const metrics = auctionMetrics(registry, unplaced);
  const parts = {
    clock,
    logger,
    bbs: dependencies.bbs,
    repClient: dependencies.repClient,
    startingContainerCountMaximum: config.startingContainerCountMaximum ?? 0,
    cellStateTimeoutMs: config.cellStateTimeoutMs ?? 10_000,
    unplaced,
    line,
  };
  const round = async (batch: AuctionBatch, signal: AbortSignal): Promise<RoundReport> => {
    const report = await holdRound(parts, batch, signal);
    metrics.roundHeld(report);
    if (report.placed > 0 || batch.lrps.length > 0 || batch.tasks.length > 0) {
      logger.info("round-held", { ...report });
    }
    return report;
  };
  const rounds = new Loop({
    name: "auction-rounds",
    clock,
    logger,
    // Rounds are held when something waits; the period only sets how far the pause after a failure may grow.
    periodMs: 30_000,
    activation: async (signal) => {
      const batch = queue.drain();
      if (batch.lrps.length === 0 && batch.tasks.length === 0 && unplaced.isEmpty) return undefined;
      const requestId = onlyRequestOf(batch) ?? currentRequestId();
      return await forRequest(requestId, () => round(batch, signal)).catch((error: unknown) => {
        queue.putBack(batch);
        throw error;
      });
    },
  }).start();
  const retries = new Loop({
    name: "unplaced-retries",
    clock,
    logger,
    periodMs: retryMs,
    activation: async () => {
      // Not awaited: a cell that is slow to answer must not make this loop's status wait.
      if (!unplaced.isEmpty) void rounds.activate("work waits for room");
    },
  }).start();
  const server = auctioneerServer(config.secret, logger, queue, [rounds, retries]);
  meterLoops(registry, () => [rounds.status(), retries.status()]);
  serveMetrics(server, registry);
  const url = await server.listen({ host: "127.0.0.1", port: config.port });
  return {
    url,
    async [Symbol.asyncDispose]() {
      await server.close();
      await retries[Symbol.asyncDispose]();
      await rounds[Symbol.asyncDispose]();
    },
  };
}

function auctioneerServer(
  secret: InternalSecret,
  logger: Logger,
  queue: AuctionQueue,
  [rounds, retries]: readonly [rounds: Loop, retries: Loop],
): FastifyInstance {
  const server = Fastify({ bodyLimit: 32 * 1024 * 1024, forceCloseConnections: true });
  followRequests(server, givenRequestId);
  logServed(server, logger);
  server.addHook("onRequest", async (request, reply) => {
    if (!carriesSecret(request.headers, secret)) await reply.code(401).send();
  });
  const accept = <T>(
    path: string,
    schema: { safeParse(item: unknown): { success: true; data: T } | { success: false } },
    add: (request: T) => void,
  ) => {
    server.post(path, async (request, reply) => {
      if (!Array.isArray(request.body)) return reply.code(400).send();
      for (const item of request.body) {
        const parsed = schema.safeParse(item);
        if (parsed.success) add(parsed.data);
        else logger.error("start-request-invalid", { path });
      }
      void rounds.activate("requested");
      return reply.code(202).send();
    });
  };
  accept("/v1/lrps", lrpStartRequestFromJson, (request) => queue.addLrps(request));
  accept("/v1/tasks", taskStartRequestFromJson, (request) => queue.addTask(request));
  server.get("/loops", async () => [rounds.status(), retries.status()]);
  server.get("/healthz", async () => ({ healthy: true }));
  return server;
}
