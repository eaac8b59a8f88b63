import type { Server } from "node:http";
import { fastify } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids } from "#kernel/guid.ts";
import type { InternalSecret } from "#kernel/http/internal-auth.ts";
import { followRequests, givenRequestId, logServed } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { serveMetrics } from "#kernel/metrics/http-metrics.ts";
import { meterLoops } from "#kernel/metrics/loop-metrics.ts";
import { createRegistry } from "#kernel/metrics/registry.ts";
import { Loop } from "#kernel/loop/loop.ts";
import type { LogIngest } from "#log-cache/client.ts";
import { BackendConnections } from "./backend-connections.ts";
import { listenForRequests, urlOf } from "./front-server.ts";
import { registerInternalApi } from "./internal-api.ts";
import { Proxy } from "./proxy.ts";
import { RouterMetrics } from "./router-metrics.ts";
import { RouteTable } from "./route-table.ts";

export interface RouterConfig {
  /** 0: any free one. */
  readonly port: number;
  /** Where users' requests come in: `127.0.0.1`, or `0.0.0.0` for all addresses. */
  readonly host: string;
  readonly internalPort: number;
  readonly secret: InternalSecret;
  /** Default 120,000. */
  readonly staleAfterMs?: number;
  /** Default 30,000. */
  readonly pruneIntervalMs?: number;
  /** How long a route without endpoints is answered 503 rather than 404; default 0, as in routing-release. */
  readonly emptyPoolTimeoutMs?: number;
  /** For an app to begin its answer, and between parts of it; upgraded connections have none. Default 900,000. */
  readonly requestTimeoutMs?: number;
  /** Default 16,384. */
  readonly maxHeaderBytes?: number;
  /** Default 10,000. */
  readonly maxConnections?: number;
  /** For requests on their way when the router stops; default 5,000. */
  readonly drainMs?: number;
}

export interface RouterDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes the access log. */
  readonly logs: LogIngest;
}

export interface Router extends AsyncDisposable {
  /** Where apps are reached, by their `Host`. */
  readonly url: string;
  /** For `createRouterClient`. */
  readonly internalUrl: string;
}

/** A batch of the route-emitter has 500 messages. */
const maxRegistrationBytes = 4 * 1024 * 1024;

export async function startRouter(
  config: RouterConfig,
  dependencies: RouterDependencies,
): Promise<Router> {
  const { clock, logs } = dependencies;
  const logger = dependencies.logger.child("router");
  const requestTimeoutMs = config.requestTimeoutMs ?? 900_000;
  const connections = new BackendConnections(requestTimeoutMs);
  const table = new RouteTable({
    staleAfterMs: config.staleAfterMs ?? 120_000,
    emptyPoolTimeoutMs: config.emptyPoolTimeoutMs ?? 0,
    onEndpointGone: (endpoint) => {
      connections.close(endpoint).catch((error: unknown) => {
        logger.warn("close-failed", { address: endpoint.address, error });
      });
    },
  });
  const registry = createRegistry("router");
  const metrics = new RouterMetrics(registry, table);
  const proxy = new Proxy({ table, connections, clock, logger, logs, metrics, guids: randomGuids });
  const front = await listenForRequests(
    proxy,
    {
      host: config.host,
      port: config.port,
      requestTimeoutMs,
      maxHeaderBytes: config.maxHeaderBytes ?? 16_384,
      maxConnections: config.maxConnections ?? 10_000,
    },
    logger,
  );

  const pruneLoop = new Loop({
    name: "prune-routes",
    clock,
    logger,
    periodMs: config.pruneIntervalMs ?? 30_000,
    activation: async () => table.prune(clock.now().getTime()),
  }).start();
  const internalApp = fastify({ bodyLimit: maxRegistrationBytes, forceCloseConnections: true });
  followRequests(internalApp, givenRequestId);
  logServed(internalApp, logger);
  registerInternalApi(internalApp, {
    secret: config.secret,
    table,
    clock,
    loops: () => [pruneLoop.status()],
  });
  meterLoops(registry, () => [pruneLoop.status()]);
  serveMetrics(internalApp, registry);
  const internalUrl = await internalApp.listen({ host: "127.0.0.1", port: config.internalPort });
  const url = urlOf(front, config.host);
  logger.info("started", { url, internalUrl });

  return {
    url,
    internalUrl,
    async [Symbol.asyncDispose]() {
      await internalApp.close();
      await pruneLoop[Symbol.asyncDispose]();
      proxy.closeTunnels();
      await drain(front, clock, config.drainMs ?? 5_000);
      await connections.destroyAll();
      logger.info("stopped");
    },
  };
}

/** Takes no more, lets what is on its way end, and cuts what has not ended in time. */
async function drain(server: Server, clock: Clock, drainMs: number): Promise<void> {
  const isOver = new AbortController();
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      isOver.abort();
      resolve();
    });
  });
  server.closeIdleConnections();
  await clock.sleep(drainMs, isOver.signal).catch(() => undefined);
  server.closeAllConnections();
  await closed;
}
