import type { Endpoint } from "./endpoint.ts";
import { headerValues, type RequestTarget } from "./request-target.ts";

/** Between two neighbours only (RFC 9110, 7.6.1), with what older software counts among them. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What the router says itself; whatever a client sends under these names is not passed on. */
const ourRequestHeaders = new Set([
  "host",
  "expect",
  "http2-settings",
  "x-cf-applicationid",
  "x-cf-instanceid",
  "x-cf-instanceindex",
  "x-cf-app-instance",
  "x-cf-process-instance",
  "x-forwarded-client-cert",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-request-start",
  "x-vcap-request-id",
]);

/** A client could otherwise have them stripped by naming them in `Connection`. */
const neverListed = new Set(["authorization", "content-length", "content-type", "cookie"]);

export interface ForwardedRequest {
  readonly rawHeaders: readonly string[];
  readonly target: RequestTarget;
  readonly remoteAddress: string;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** The headers of a request to an app: names and values in turn, in the client's order, ours at the end. */
export function requestHeaders(
  request: ForwardedRequest,
  endpoint: Endpoint,
  options: { readonly hasBody: boolean },
): string[] {
  const { rawHeaders, target } = request;
  const dropped = listedInConnection(rawHeaders);
  const forwarded = ["Host", target.hostHeader];
  eachHeader(rawHeaders, (name, lowerName, value) => {
    if (hopByHop.has(lowerName) || ourRequestHeaders.has(lowerName)) return;
    if (dropped.has(lowerName) && !neverListed.has(lowerName)) return;
    if (lowerName === "content-length" && !options.hasBody) return;
    forwarded.push(name, value);
  });
  const before = headerValues(rawHeaders, "x-forwarded-for");
  const { registration } = endpoint;
  forwarded.push(
    "X-Forwarded-For",
    [...before, request.remoteAddress].join(", "),
    "X-Forwarded-Proto",
    headerValues(rawHeaders, "x-forwarded-proto")[0] ?? "http",
    "X-Request-Start",
    String(request.startedAt),
    "X-Vcap-Request-Id",
    request.requestId,
    "X-CF-ApplicationID",
    registration.app,
    "X-CF-InstanceID",
    registration.private_instance_id,
    "X-CF-InstanceIndex",
    registration.private_instance_index,
  );
  return forwarded;
}

/** The headers of an app's answer as they go to the client. */
export function responseHeaders(rawHeaders: readonly string[], requestId: string): string[] {
  const dropped = listedInConnection(rawHeaders);
  const forwarded: string[] = [];
  eachHeader(rawHeaders, (name, lowerName, value) => {
    if (hopByHop.has(lowerName) || dropped.has(lowerName)) return;
    // An error that only the router may claim.
    if (lowerName === "x-vcap-request-id" || lowerName === "x-cf-routererror") return;
    forwarded.push(name, value);
  });
  forwarded.push("X-Vcap-Request-Id", requestId);
  return forwarded;
}

function listedInConnection(rawHeaders: readonly string[]): Set<string> {
  const names = headerValues(rawHeaders, "connection").flatMap((value) => value.split(","));
  return new Set(names.map((name) => name.trim().toLowerCase()));
}

function eachHeader(
  rawHeaders: readonly string[],
  visit: (name: string, lowerName: string, value: string) => void,
): void {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    visit(name, name.toLowerCase(), rawHeaders[i + 1] ?? "");
  }
}
