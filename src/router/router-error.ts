import { STATUS_CODES, type ServerResponse } from "node:http";

/**
 * A failure that the router itself answers, as gorouter does: `X-Cf-RouterError` tells it from an answer of the app.
 */
export interface RouterError {
  readonly status: number;
  /** Value of `X-Cf-RouterError`. */
  readonly code: string;
  readonly message: string;
}

/** What the access log shows where the client left before an answer; nobody reads the answer itself. */
export const clientGoneStatus = 499;

export const routerErrors = {
  unknownRoute: (host: string): RouterError => ({
    status: 404,
    code: "unknown_route",
    message: `Requested route ('${host}') does not exist.`,
  }),
  callerUnknown: (host: string): RouterError => ({
    status: 403,
    code: "caller_unknown",
    message: `Requested route ('${host}') is only for callers that its route policies name.`,
  }),
  noEndpoints: (host: string): RouterError => ({
    status: 503,
    code: "no_endpoints",
    message: `Requested route ('${host}') has no available endpoints.`,
  }),
  overloaded: (host: string): RouterError => ({
    status: 503,
    code: "Connection Limit Reached",
    message: `Requested route ('${host}') has reached the connection limit.`,
  }),
  endpointFailure: (reason: string): RouterError => ({
    status: 502,
    code: `endpoint_failure (${reason.replace(/[^\x20-\x7e]/g, " ").slice(0, 200)})`,
    message: "Registered endpoint failed to handle the request.",
  }),
  emptyHost: (): RouterError => ({
    status: 400,
    code: "empty_host",
    message: "Request had empty Host header",
  }),
  badRequest: (message: string): RouterError => ({ status: 400, code: "bad_request", message }),
  methodNotAllowed: (method: string): RouterError => ({
    status: 405,
    code: "method_not_allowed",
    message: `${method} is not passed on to apps`,
  }),
  tooLarge: (): RouterError => ({
    status: 431,
    code: "max-request-size-exceeded",
    message: "Request header fields are too large",
  }),
  invalidInstanceHeader: (header: string): RouterError => ({
    status: 400,
    code: `invalid_${header.toLowerCase().replaceAll("-", "_").replace(/^x_/, "")}_header`,
    message: `Invalid ${header} Header`,
  }),
  /** Also where there is no such route at all. */
  unknownInstance: (instance: string, host: string): RouterError => ({
    status: 400,
    code: "unknown_route",
    message: `Requested ${instance} does not exist for route ('${host}')`,
  }),
} as const;

export function errorBody(error: RouterError): string {
  return `${error.status} ${STATUS_CODES[error.status] ?? "Error"}: ${error.message}\n`;
}

export function errorHeaders(error: RouterError): Record<string, string> {
  return {
    "content-type": "text/plain; charset=utf-8",
    "x-cf-routererror": error.code,
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache, no-store",
  };
}

/** Closes the connection where the request's body has not come in whole: nothing may be taken for the next request. */
export function respondWithError(
  response: ServerResponse,
  error: RouterError,
  extra: Readonly<Record<string, string>> = {},
): number {
  const body = errorBody(error);
  response.writeHead(error.status, {
    ...errorHeaders(error),
    ...extra,
    "content-length": String(Buffer.byteLength(body)),
    ...(response.req.complete ? {} : { connection: "close" }),
  });
  response.end(body);
  return Buffer.byteLength(body);
}
