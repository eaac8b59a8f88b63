import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { carriesSecret, type InternalSecret } from "#kernel/http/internal-auth.ts";
import { fromWire, toWire, wireEnvelope } from "./envelope.ts";
import type { EnvelopeStore } from "./envelope-store.ts";
import type { LogCacheMetrics } from "./log-cache-metrics.ts";
import type { Tails } from "./tails.ts";

const ingestMessage = z.object({ batch: z.array(z.unknown()) });

export interface InternalApiParts {
  readonly secret: InternalSecret;
  readonly store: EnvelopeStore;
  readonly tails: Tails;
  readonly metrics: LogCacheMetrics;
}

/** What `client.ts` speaks: taking envelopes in, and what Cloud Controller asks about a source. */
export function registerInternalApi(app: FastifyInstance, parts: InternalApiParts): void {
  const { secret, store, tails, metrics } = parts;

  app.addHook("onRequest", async (request, reply) => {
    if (!carriesSecret(request.headers, secret)) {
      await reply.code(401).send({ error: "The internal secret is missing or wrong" });
    }
  });

  app.get("/healthz", () => ({ status: "ok" }));

  app.post("/v1/ingest", async (request, reply) => {
    const message = ingestMessage.safeParse(request.body);
    if (!message.success) return reply.code(400).send({ error: z.prettifyError(message.error) });
    const parsed = message.data.batch.map((item) => wireEnvelope.safeParse(item));
    const taken = parsed.flatMap((item) => (item.success ? [fromWire(item.data)] : []));
    store.put(taken);
    const refused = parsed.length - taken.length;
    metrics.ingested({ taken: taken.length, refused });
    // One bad envelope must not cost the others of its batch, nor have the batch sent again for ever.
    return { refused };
  });

  app.get<{ Params: { sourceId: string } }>("/v1/tails/:sourceId", (request) => {
    const tail = tails.tailOf(request.params.sourceId);
    return {
      tailed: tail.isTailed,
      newest_returned: tail.newestReturned.toString(),
      newest_shown: tail.newestShown.toString(),
      newest_stored: (store.newestTimestamp(request.params.sourceId) ?? 0n).toString(),
    };
  });

  app.get<{ Params: { sourceId: string } }>("/v1/latest-gauges/:sourceId", (request) => ({
    batch: store.latestGauges(request.params.sourceId).map(toWire),
  }));
}
