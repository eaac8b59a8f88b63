import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { toWire } from "./envelope.ts";
import type { EnvelopeStore } from "./envelope-store.ts";
import type { LogAccess } from "./log-access.ts";
import { InvalidReadQuery, parseReadQuery } from "./read-query.ts";
import type { Tails } from "./tails.ts";

/** From 2.0.0 on the official client reads at `/api/v1`, before that at `/v1`. */
const apiVersion = "3.0.0";

/** Sources whose access is asked for in one request for `/api/v1/meta`. */
const maxMetaSources = 1_000;

export interface PublicApiParts {
  readonly store: EnvelopeStore;
  readonly access: LogAccess;
  readonly tails: Tails;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The reading API of log-cache, to which the official client binds (cloudfoundry/log-cache-release). */
export function registerPublicApi(app: FastifyInstance, parts: PublicApiParts): void {
  const startedAt = parts.clock.now().getTime();

  app.get("/api/v1/info", () => ({
    version: apiVersion,
    vm_uptime: String(Math.floor((parts.clock.now().getTime() - startedAt) / 1_000)),
  }));

  app.get<{ Params: { sourceId: string } }>("/api/v1/read/:sourceId", async (request, reply) => {
    const { sourceId } = request.params;
    if (!(await parts.access.mayRead(request.headers.authorization, sourceId))) {
      return notFound(reply);
    }
    const query = parseReadQuery(queryOf(request));
    const found = parts.store.read(sourceId, query);
    // A tail reads the very newest until there is one, then ascends.
    if (!query.descending || query.limit === 1) parts.tails.noteRead(sourceId, found);
    return { envelopes: { batch: found.map(toWire) } };
  });

  app.get("/api/v1/meta", async (request) => {
    const meta: Record<string, object> = {};
    for (const sourceId of parts.store.sourceIds().slice(-maxMetaSources)) {
      if (!(await parts.access.mayRead(request.headers.authorization, sourceId))) continue;
      const known = parts.store.meta(sourceId);
      if (known === undefined) continue;
      meta[sourceId] = {
        count: String(known.count),
        expired: String(known.expired),
        oldestTimestamp: known.oldestTimestamp.toString(),
        newestTimestamp: known.newestTimestamp.toString(),
      };
    }
    return { meta };
  });

  app.setNotFoundHandler((_request, reply) => notFound(reply));
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof InvalidReadQuery) return reply.code(400).send(grpcError(3, error.message));
    parts.logger.error("read-failed", { error });
    return reply
      .code(502)
      .send(grpcError(14, "Cloud Controller cannot be asked who may read this"));
  });
}

/** Unknown and forbidden look alike, as in the original. */
function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).send(grpcError(5, "Not Found"));
}

/** The form of grpc-gateway, which stands in front of the original. */
function grpcError(code: number, message: string): object {
  return { error: message, code, message, details: [] };
}

function queryOf(request: FastifyRequest): URLSearchParams {
  const mark = request.url.indexOf("?");
  return new URLSearchParams(mark === -1 ? "" : request.url.slice(mark + 1));
}
