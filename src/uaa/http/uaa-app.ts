import { fastify, type FastifyError, type FastifyInstance } from "fastify";
import { whyUnavailable } from "#db/database-error.ts";
import { followRequests, newRequestId } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { html, sendPage, wantsPage } from "../browser/page.ts";
import { UaaError } from "../uaa-error.ts";

/** No request to UAA carries more. */
const maxBodyBytes = 64 * 1024;

/** The HTTP server that UAA's endpoints are registered on: forms, JSON, and UAA's error documents. */
export function createUaaApp(logger: Logger): FastifyInstance {
  const app = fastify({
    bodyLimit: maxBodyBytes,
    genReqId: newRequestId,
    requestIdHeader: false,
  });
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    async (_request: unknown, body: string | Buffer) => new URLSearchParams(body.toString()),
  );
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser(
    "application/json",
    { parseAs: "string" },
    async (_request: unknown, body: string | Buffer) => parseJson(body.toString()),
  );
  // As UAA's: nothing of it, answers to bad requests least of all, belongs in a cache.
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("cache-control", "no-store").header("x-vcap-request-id", request.id);
  });
  followRequests(app, (request) => request.id);
  app.setNotFoundHandler(() => {
    throw new UaaError("not_found", "There is nothing here");
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const refusal = error instanceof UaaError ? error : fromFramework(error);
    if (refusal === undefined) {
      logger.error("request-failed", { requestId: request.id, method: request.method, error });
      const unavailable = whyUnavailable(error);
      return reply.code(unavailable === undefined ? 500 : 503).send({
        error: "server_error",
        error_description: unavailable ?? "Internal server error",
      });
    }
    const challenge = refusal.challenge();
    if (challenge !== undefined) void reply.header("www-authenticate", challenge);
    logger.info("request-refused", {
      requestId: request.id,
      method: request.method,
      path: request.url.split("?")[0],
      code: refusal.code,
      description: refusal.message,
    });
    if (wantsPage(request)) {
      const body = html`<p class="error">${refusal.message}</p>`;
      return sendPage(reply, { title: "Uh oh", body, httpStatus: refusal.httpStatus });
    }
    return reply.code(refusal.httpStatus).send(refusal.body());
  });
  return app;
}

/** The official client sends `Content-Type: application/json` with every request, and often no body. */
function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new UaaError("invalid_request", "The body is not JSON");
  }
}

function fromFramework(error: FastifyError): UaaError | undefined {
  const status = error.statusCode ?? 500;
  return status < 500 ? new UaaError("invalid_request", error.message) : undefined;
}
