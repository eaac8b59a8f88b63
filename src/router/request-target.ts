import { hostHeaders, severalHosts } from "#kernel/http/host-headers.ts";
import { routerErrors, type RouterError } from "./router-error.ts";

/** The parts of a request that decide where it goes, as Node's parser gives them. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

export interface RequestTarget {
  /** As it goes to the app, with its port if there was one. */
  readonly hostHeader: string;
  /** Lower case, without port and closing dot. */
  readonly host: string;
  /** In origin form: `/path?query`, byte for byte. */
  readonly target: string;
  readonly path: string;
}

/** One more than that, and Node would drop the rest without a word. */
export const maxRequestHeaders = 1_000;

const hostPattern = /^(?<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?<port>\d{1,5}))?$/i;
const refusedMethods = new Set(["CONNECT", "TRACE"]);

/**
 * Where a request wants to go, or why it is refused. Node's parser refuses most of what could mean two things to two
 * servers (both lengths, doubled ones, bare line feeds); what it lets through is refused here.
 */
export function readTarget(head: RequestHead): RequestTarget | { readonly error: RouterError } {
  if (refusedMethods.has(head.method)) return { error: routerErrors.methodNotAllowed(head.method) };
  if (head.rawHeaders.length / 2 > maxRequestHeaders) return { error: routerErrors.tooLarge() };
  if (head.httpVersion !== "1.1" && head.httpVersion !== "1.0") {
    return { error: routerErrors.badRequest(`HTTP/${head.httpVersion} is not spoken here`) };
  }
  // HTTP/1.0 knows no chunks: a server of that time would take the body for the next request.
  if (head.httpVersion === "1.0" && headerValues(head.rawHeaders, "transfer-encoding").length > 0) {
    return { error: routerErrors.badRequest("HTTP/1.0 has no Transfer-Encoding") };
  }
  const hosts = hostHeaders(head.rawHeaders);
  if (hosts.length > 1) return { error: routerErrors.badRequest(severalHosts) };
  return readHostAndPath(head.url, hosts[0] ?? "");
}

export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? "");
  }
  return values;
}

function readHostAndPath(
  url: string,
  hostHeader: string,
): RequestTarget | { readonly error: RouterError } {
  if (url.startsWith("/")) return withHost(hostHeader, url);
  // Absolute form, as proxies are spoken to: its host counts, whatever the header says (RFC 9112, 3.2.2).
  const absolute = /^https?:\/\/(?<authority>[^/?#@]*)(?<rest>[/?].*)?$/i.exec(url)?.groups;
  if (absolute === undefined) {
    return { error: routerErrors.badRequest("The request's target is not a path") };
  }
  const rest = absolute["rest"] ?? "/";
  return withHost(absolute["authority"] ?? "", rest.startsWith("?") ? `/${rest}` : rest);
}

function withHost(
  hostHeader: string,
  target: string,
): RequestTarget | { readonly error: RouterError } {
  if (hostHeader.trim() === "") return { error: routerErrors.emptyHost() };
  const match = hostPattern.exec(hostHeader)?.groups;
  if (match === undefined || Number(match["port"] ?? 0) > 65_535) {
    return { error: routerErrors.badRequest("The Host header is malformed") };
  }
  const host = (match["name"] ?? "").toLowerCase().replace(/\.$/, "");
  const mark = target.indexOf("?");
  return { hostHeader, host, target, path: mark === -1 ? target : target.slice(0, mark) };
}
