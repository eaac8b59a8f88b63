import type { FastifyInstance } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Loop } from "#kernel/loop/loop.ts";
import type { SigningKeys } from "../tokens/signing-keys.ts";
import type { Authenticate } from "./bearer.ts";
import { iso } from "./user-presenter.ts";

/** Our own: what an operator does to a running UAA (`rivera rotate-key`) and sees of it. */
export function registerUpkeepEndpoints(
  app: FastifyInstance,
  parts: {
    readonly keys: SigningKeys;
    readonly loops: readonly Loop[];
    readonly clock: Clock;
    readonly authenticate: Authenticate;
  },
): void {
  app.get("/rivera/v1/loops", async (request) => {
    await parts.authenticate(request, "uaa.admin");
    return parts.loops.map((loop) => loop.status());
  });

  app.post("/rivera/v1/signing-keys", async (request, reply) => {
    await parts.authenticate(request, "uaa.admin");
    const { kid, signsFrom } = await parts.keys.rotate(parts.clock.now().getTime());
    return reply.code(201).send({ kid, signs_from: iso(signsFrom) });
  });
}
