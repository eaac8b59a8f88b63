import { randomUUID } from "node:crypto";
import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from "fastify";
import { whyUnavailable } from "#db/database-error.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { mayRead, mayWrite, type AuthContext } from "./auth-context.ts";
import type { Authenticate } from "./authentication.ts";
import { CfError } from "./cf-errors.ts";
import { parseJsonBody } from "./json-body.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks; set before every handler but those of anonymous routes. */
    auth: AuthContext;
  }
  interface FastifyContextConfig {
    /** The route needs no token. */
    readonly anonymous?: boolean;
  }
}

export type ApiServer = FastifyInstance;

/** Bytes of a JSON body; routes that take more say so. */
const jsonBodyLimit = 1024 * 1024;

export const anonymous = { config: { anonymous: true } };

const nobody: AuthContext = {
  userGuid: "",
  userName: "",
  email: "",
  clientId: "",
  origin: "",
  scopes: new Set(),
  isAdmin: false,
  isAdminReadOnly: false,
  isGlobalAuditor: false,
};

/** An HTTP server that speaks Cloud Controller's conventions: errors, bodies, request ids, tokens and their scopes. */
export function createServer(options: {
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** Called with each authenticated caller before the handler. */
  readonly onCaller: (auth: AuthContext) => Promise<void>;
}): ApiServer {
  const app = createBareServer(options.logger);
  app.decorateRequest("auth", { getter: () => nobody });
  app.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.anonymous === true || request.is404) return;
    const auth = await options.authenticate(request.headers.authorization);
    Object.defineProperty(request, "auth", { value: auth });
    const reads = request.method === "GET" || request.method === "HEAD";
    if (!(reads ? mayRead(auth) : mayWrite(auth))) throw new CfError("NotAuthorized");
    await options.onCaller(auth);
  });
  return app;
}

/** The part that the internal listener shares: bodies, errors, request ids. */
export function createBareServer(logger: Logger): ApiServer {
  const app = fastify({
    bodyLimit: jsonBodyLimit,
    genReqId: requestId,
    requestIdHeader: false,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.header("X-Vcap-Request-Id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    logger.debug("request-served", {
      requestId: request.id,
      method: request.method,
      path: request.url.split("?")[0],
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    });
  });
  app.setNotFoundHandler(() => {
    throw new CfError("NotFound");
  });
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = toCfError(thrown);
    logFailure(logger, request, { thrown, error });
    return await reply
      .status(error.status)
      .type("application/json; charset=utf-8")
      .send({ errors: error.entries });
  });
  return app;
}

/** The client's id, where it is harmless, stands before ours: `client::uuid`. */
function requestId(request: { headers: Record<string, string | string[] | undefined> }): string {
  const given = request.headers["x-vcap-request-id"];
  const own = randomUUID();
  return typeof given === "string" && /^[\w-]{1,128}$/.test(given) ? `${given}::${own}` : own;
}

function toCfError(thrown: unknown): CfError {
  if (thrown instanceof CfError) return thrown;
  const { code, statusCode } = thrown as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new CfError("PayloadTooLarge");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return new CfError("InvalidContentType");
  if (code === "FST_ERR_BAD_URL") return new CfError("NotFound");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new CfError("MessageParseError", [], { cause: thrown });
  }
  const unavailable = whyUnavailable(thrown);
  if (unavailable !== undefined) {
    return new CfError("ServiceUnavailable", `Service unavailable: ${unavailable}`, {
      cause: thrown,
    });
  }
  return new CfError("UnknownError", [], { cause: thrown });
}

function logFailure(
  logger: Logger,
  request: FastifyRequest,
  failure: { readonly thrown: unknown; readonly error: CfError },
): void {
  const data = { requestId: request.id, method: request.method, path: request.url.split("?")[0] };
  if (failure.error.status < 500) {
    logger.info("request-refused", { ...data, reason: failure.error.message });
  } else {
    logger.error("request-failed", { ...data, error: failure.error.cause ?? failure.thrown });
  }
}
