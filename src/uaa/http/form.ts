import type { FastifyInstance, FastifyRequest } from "fastify";
import { UaaError } from "../uaa-error.ts";

/** An endpoint that takes forms answers other methods in UAA's words. */
export function registerPostOnly(app: FastifyInstance, url: string): void {
  app.route({
    method: ["GET", "PUT", "PATCH", "DELETE"],
    url,
    exposeHeadRoute: false,
    handler: async (request) => {
      throw new UaaError("method_not_allowed", `Request method '${request.method}' not supported`);
    },
  });
}

/** @throws UaaError `invalid_request` for a body of another kind */
export function readForm(request: FastifyRequest): URLSearchParams {
  if (request.body instanceof URLSearchParams) return request.body;
  throw new UaaError("invalid_request", "The body must be a form");
}
