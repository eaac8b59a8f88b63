import type { FastifyInstance } from "fastify";
import { Counter, Histogram, type Registry } from "prom-client";
import { secondsBuckets } from "./registry.ts";

/**
 * Counts a server's requests by the route that answered, never by the path that was asked for: nobody makes series by asking.
 * To be called before the routes are registered.
 */
export function meterRequests(app: FastifyInstance, registry: Registry): void {
  const registers = [registry];
  const requests = new Counter({
    name: "rivera_http_requests_total",
    help: "Requests that have been answered, by route and status",
    labelNames: ["method", "route", "code"],
    registers,
  });
  const durations = new Histogram({
    name: "rivera_http_request_duration_seconds",
    help: "From a request's head to the end of its answer; answers that wait for a change are among them",
    labelNames: ["method", "route"],
    buckets: secondsBuckets,
    registers,
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.is404 ? "none" : (request.routeOptions.url ?? "none");
    const method = route === "none" ? "any" : request.method;
    requests.inc({ method, route, code: reply.statusCode });
    durations.observe({ method, route }, reply.elapsedTime / 1_000);
  });
}

/** `GET /metrics`, behind whatever the server asks of its callers. */
export function serveMetrics(app: FastifyInstance, registry: Registry): void {
  app.get("/metrics", async (_request, reply) => {
    const text = await registry.metrics();
    return await reply.type(registry.contentType).send(text);
  });
}
