import type { FastifyRequest } from "fastify";
import { UaaError } from "../uaa-error.ts";

/** @throws UaaError `invalid_request` for a body of another kind */
export function readForm(request: FastifyRequest): URLSearchParams {
  if (request.body instanceof URLSearchParams) return request.body;
  throw new UaaError("invalid_request", "The body must be a form");
}
