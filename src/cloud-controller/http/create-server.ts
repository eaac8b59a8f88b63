import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from "fastify";
import { BlobstoreFull, BlobstoreUnavailable } from "#blobstore/blobstore.ts";
import { whyUnavailable } from "#db/database-error.ts";
import { followRequests, newRequestId } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { mayRead, mayWrite, type AuthContext } from "./auth-context.ts";
import type { Authenticate } from "./authentication.ts";
import { requireBodyPace, type BodyPace } from "./body-pace.ts";
import { CfError } from "./cf-errors.ts";
import { parseJsonBody } from "./json-body.ts";
import type { RateLimiter } from "./rate-limit.ts";

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

/** Characters of an answer from which on a buffer of its own is worth its while. */
const longText = 16 * 1024;

export const anonymous = { config: { anonymous: true } };

const nobody: AuthContext = {
  userGuid: "",
  isClient: false,
  userName: "",
  email: "",
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
  readonly rateLimiter?: RateLimiter | undefined;
  readonly clock: Clock;
  readonly bodyPace: BodyPace;
}): ApiServer {
  const app = createBareServer(options.logger);
  requireBodyPace(app, { ...options, pace: options.bodyPace });
  app.decorateRequest("auth", { getter: () => nobody });
  app.addHook("onRequest", async (request, reply) => {
    if (request.routeOptions.config.anonymous === true || request.is404) {
      options.rateLimiter?.admit(request, reply, undefined);
      return;
    }
    const authorization = authorizationOf(request);
    if (authorization === undefined) options.rateLimiter?.admit(request, reply, undefined);
    const auth = await options.authenticate(authorization);
    options.rateLimiter?.admit(request, reply, auth);
    Object.defineProperty(request, "auth", { value: auth });
    const reads = request.method === "GET" || request.method === "HEAD";
    if (!(reads ? mayRead(auth) : mayWrite(auth))) throw new CfError("NotAuthorized");
    await options.onCaller(auth);
  });
  return app;
}

/** Of two headers Node keeps the first; what stands before us may have judged the other, so neither counts. */
function authorizationOf({ raw }: FastifyRequest): string | undefined {
  const [authorization, ...others] = raw.headersDistinct["authorization"] ?? [];
  if (others.length > 0) throw new CfError("InvalidAuthToken");
  return authorization;
}

/** The part that the internal listener shares: bodies, errors, request ids. */
export function createBareServer(logger: Logger): ApiServer {
  const app = fastify({
    bodyLimit: jsonBodyLimit,
    genReqId: newRequestId,
    requestIdHeader: false,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    // Paths that the router itself gives up on: encoded wrongly, or longer than any name.
    frameworkErrors: (_error, request, reply) => {
      const { entries, status } = new CfError("NotFound");
      reply.hijack();
      reply.raw
        .writeHead(status, {
          "content-type": "application/json; charset=utf-8",
          "x-vcap-request-id": request.id,
        })
        .end(JSON.stringify({ errors: entries }));
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
  followRequests(app, (request) => request.id);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("X-Vcap-Request-Id", request.id);
    for (const name of ["x-b3-traceid", "x-b3-spanid"]) {
      const given = request.headers[name];
      if (typeof given === "string" && /^[0-9a-f]{16,32}$/i.test(given)) reply.header(name, given);
    }
  });
  // A long text is encoded in one step; given as a string, Node looks at each character as it writes.
  app.addHook("onSend", (_request, _reply, payload, done) => {
    const isLong = typeof payload === "string" && payload.length > longText;
    done(null, isLong ? Buffer.from(payload) : payload);
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

function toCfError(thrown: unknown): CfError {
  if (thrown instanceof CfError) return thrown;
  const { code, statusCode } = thrown as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new CfError("PayloadTooLarge");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return new CfError("InvalidContentType");
  if (code === "FST_ERR_BAD_URL") return new CfError("NotFound");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new CfError("MessageParseError", [], { cause: thrown });
  }
  if (thrown instanceof BlobstoreUnavailable) {
    return new CfError("BlobstoreUnavailable", [], { cause: thrown });
  }
  if (thrown instanceof BlobstoreFull) {
    return new CfError("BlobstoreError", "No space left for blobs", { cause: thrown });
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
