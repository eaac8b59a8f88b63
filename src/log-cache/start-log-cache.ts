import { fastify } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import type { InternalSecret } from "#kernel/http/internal-auth.ts";
import type { HttpHandler } from "#kernel/http/mounted.ts";
import { followRequests, givenRequestId, newRequestId } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { meterRequests, serveMetrics } from "#kernel/metrics/http-metrics.ts";
import { createRegistry } from "#kernel/metrics/registry.ts";
import { EnvelopeStore } from "./envelope-store.ts";
import { registerInternalApi } from "./internal-api.ts";
import { LogAccess, type LogAccessConfig } from "./log-access.ts";
import { logCacheMetrics } from "./log-cache-metrics.ts";
import { registerPublicApi } from "./public-api.ts";
import { Tails } from "./tails.ts";

export interface LogCacheConfig {
  /** 0: any free one. */
  readonly internalPort: number;
  readonly secret: InternalSecret;
  /** Default 10,000. */
  readonly maxEnvelopesPerSource?: number;
  /** Over all sources; default 64 MiB. The biggest source gives way first. */
  readonly maxTotalBytes?: number;
  /** Default 10,000; the source longest silent gives way first. */
  readonly maxSources?: number;
}

export interface LogCacheDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly access: Pick<LogAccessConfig, "logAccessUrl">;
}

export interface LogCache extends AsyncDisposable {
  /** Serves `/api/v1/*`. */
  readonly handler: HttpHandler;
  /** The internal listener, for `createLogIngest` and `createLogCacheClient`. */
  readonly url: string;
}

/** Bytes of a batch of envelopes; a client sends 1 MiB at most, or one envelope. */
const maxIngestBytes = 8 * 1024 * 1024;

export async function startLogCache(
  config: LogCacheConfig,
  dependencies: LogCacheDependencies,
): Promise<LogCache> {
  const { clock } = dependencies;
  const logger = dependencies.logger.child("log-cache");
  const store = new EnvelopeStore({
    maxEnvelopesPerSource: config.maxEnvelopesPerSource ?? 10_000,
    maxTotalBytes: config.maxTotalBytes ?? 64 * 1024 * 1024,
    maxSources: config.maxSources ?? 10_000,
  });
  const tails = new Tails(clock);
  const access = new LogAccess(
    { logAccessUrl: dependencies.access.logAccessUrl, secret: config.secret },
    clock,
  );

  const registry = createRegistry("log-cache");
  const publicApp = fastify({ genReqId: newRequestId, requestIdHeader: false });
  followRequests(publicApp, (request) => request.id);
  meterRequests(publicApp, registry);
  registerPublicApi(publicApp, { store, access, tails, clock, logger });
  await publicApp.ready();

  const internalApp = fastify({ bodyLimit: maxIngestBytes, forceCloseConnections: true });
  followRequests(internalApp, givenRequestId);
  const metrics = logCacheMetrics(registry, store);
  registerInternalApi(internalApp, { secret: config.secret, store, tails, metrics });
  serveMetrics(internalApp, registry);
  const url = await internalApp.listen({ host: "127.0.0.1", port: config.internalPort });
  logger.info("started", { url });

  return {
    handler: (request, response) => publicApp.routing(request, response),
    url,
    async [Symbol.asyncDispose]() {
      await publicApp.close();
      await internalApp.close();
      logger.info("stopped");
    },
  };
}
