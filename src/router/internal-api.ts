import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { carriesSecret, type InternalSecret } from "#kernel/http/internal-auth.ts";
import type { LoopStatus } from "#kernel/loop/loop.ts";
import { registrationMessages } from "./registration.ts";
import type { RouteTable } from "./route-table.ts";

export interface InternalApiParts {
  readonly secret: InternalSecret;
  readonly table: RouteTable;
  readonly clock: Clock;
  readonly loops: () => readonly LoopStatus[];
}

/** Registrations from the route-emitter, and what operators look at. */
export function registerInternalApi(app: FastifyInstance, parts: InternalApiParts): void {
  const { secret, table, clock } = parts;

  app.addHook("onRequest", async (request, reply) => {
    if (!carriesSecret(request.headers, secret)) {
      await reply.code(401).send({ error: "The internal secret is missing or wrong" });
    }
  });

  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/loops", () => parts.loops());
  app.get("/routes", () => table.routes());

  app.post("/v1/register", async (request, reply) => {
    const messages = registrationMessages.safeParse(request.body);
    if (!messages.success) return reply.code(400).send({ error: z.prettifyError(messages.error) });
    table.register(messages.data, clock.now().getTime());
    return reply.code(204).send();
  });

  app.post("/v1/unregister", async (request, reply) => {
    const messages = registrationMessages.safeParse(request.body);
    if (!messages.success) return reply.code(400).send({ error: z.prettifyError(messages.error) });
    table.unregister(messages.data, clock.now().getTime());
    return reply.code(204).send();
  });
}
