import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Logger } from "../log/logger.ts";
import { currentLogData, withLogData, withoutLogData } from "../log/log-context.ts";

/**
 * By this header an id goes from Cloud Controller to the BBS, the auctioneer and the cells, and back with what they tell:
 * all that one request causes is logged under its id. What was sent is the whole id (the original's Cloud Controller sends
 * the part before the colons alone).
 */
const requestIdHeader = "x-vcap-request-id";

/** Harmless in a line and in a header. Each component that adds its own makes it longer, up to here. */
const harmless = /^[\w:-]{1,255}$/;

/**
 * As which a request of users' stands in every line of the log, and in its answer as `X-Vcap-Request-Id`: the client's
 * own id, where it is harmless, before ours, `client::uuid`.
 */
export function newRequestId(request: { readonly headers: IncomingHttpHeaders }): string {
  const own = randomUUID();
  const given = givenRequestId(request);
  return given === undefined ? own : `${given}::${own}`;
}

/** As which a round of a loop stands there: what it asks of other components is found by it, like a request of users'. */
export function newRoundId(loop: string): string {
  return `${loop.replaceAll(/[^\w-]/g, "-")}::${randomUUID()}`;
}

/** As which a component's request is logged: the id of the request that caused it, or none. */
export function givenRequestId(request: {
  readonly headers: IncomingHttpHeaders;
}): string | undefined {
  const given = request.headers[requestIdHeader];
  return typeof given === "string" && harmless.test(given) ? given : undefined;
}

/** Of the request for whose sake this runs; undefined where it is nobody's. */
export function currentRequestId(): string | undefined {
  const { requestId } = currentLogData();
  return typeof requestId === "string" ? requestId : undefined;
}

/** `work` is done, and logged, for the sake of that request, or of none. */
export function forRequest<Result>(requestId: string | undefined, work: () => Result): Result {
  return requestId === undefined ? withoutLogData(work) : withLogData({ requestId }, work);
}

/** With these one component asks another. */
export function requestIdHeaders(): Record<string, string> {
  const requestId = currentRequestId();
  return requestId === undefined ? {} : { [requestIdHeader]: requestId };
}

/** A line for each request that a component makes of another. */
export function logServed(app: FastifyInstance, logger: Logger): void {
  app.addHook("onResponse", async (request, reply) => {
    forRequest(givenRequestId(request), () =>
      logger.debug("request-served", {
        method: request.method,
        path: request.url.split("?")[0],
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime),
      }),
    );
  });
}

/** Whatever the server does for a request is done for that id. */
export function followRequests(
  app: FastifyInstance,
  idOf: (request: {
    readonly id: string;
    readonly headers: IncomingHttpHeaders;
  }) => string | undefined,
): void {
  app.addHook("onRequest", (request, _reply, done) => forRequest(idOf(request), done));
  // What reads the body ends the context that the request began, so it is entered again before the handler.
  app.addHook("preValidation", (request, _reply, done) => forRequest(idOf(request), done));
}
