import type { Endpoint } from "./endpoint.ts";
import type { EndpointPool } from "./endpoint-pool.ts";
import type { Exchange } from "./exchange.ts";
import { headerValues } from "./request-target.ts";
import { routerErrors, type RouterError } from "./router-error.ts";
import type { RouteTable } from "./route-table.ts";
import { stickyInstanceOf } from "./sticky-session.ts";

/** A route found, and which of its instances the request asks for. */
export interface RoutedRequest {
  readonly pool: EndpointPool;
  /** By `X-CF-App-Instance` or `X-CF-Process-Instance`: this one or none. */
  readonly pinned: Endpoint | undefined;
  /** By cookie: this one while it is there. */
  readonly stickyInstance: string | undefined;
  /** The value of the header by which the route spreads its requests, where it does so. */
  readonly hashed: string | undefined;
}

export function routeRequest(
  table: RouteTable,
  exchange: Pick<Exchange, "request" | "target">,
): RoutedRequest | { readonly error: RouterError } {
  const { request, target } = exchange;
  // As gorouter: who addresses the router by the client's own address names no app.
  if (target.host === request.remoteAddress) return { error: routerErrors.emptyHost() };
  const pool = table.lookUp(target.host, target.path);
  if (pool === undefined) return { error: routerErrors.unknownRoute(target.host) };
  // Callers prove who they are by mutual TLS, which is not spoken here: nobody is whom a policy names.
  if (pool.enforcesPolicies) return { error: routerErrors.callerUnknown(target.host) };
  const pinned = pinnedEndpoint(pool, request.rawHeaders, target.host);
  if (pinned !== undefined && "error" in pinned) return pinned;
  const { hashHeader } = pool;
  return {
    pool,
    pinned,
    stickyInstance: stickyInstanceOf(request.rawHeaders),
    hashed: hashHeader === undefined ? undefined : headerValues(request.rawHeaders, hashHeader)[0],
  };
}

export function chooseEndpoint(
  routed: RoutedRequest,
  tried: ReadonlySet<Endpoint>,
  options: { readonly now: number; readonly host: string },
): Endpoint | { readonly error: RouterError } {
  const { pool, pinned, stickyInstance } = routed;
  if (pinned !== undefined) {
    return tried.has(pinned) ? { error: routerErrors.noEndpoints(options.host) } : pinned;
  }
  const sticky =
    stickyInstance === undefined
      ? undefined
      : pool.find((endpoint) => endpoint.instanceGuid === stickyInstance);
  if (sticky !== undefined && !tried.has(sticky) && !sticky.isFull) return sticky;
  const choice = pool.choose(tried, options.now, routed.hashed);
  switch (choice.kind) {
    case "endpoint":
      return choice.endpoint;
    case "overloaded":
      return { error: routerErrors.overloaded(options.host) };
    case "none":
      return { error: routerErrors.noEndpoints(options.host) };
  }
}

function pinnedEndpoint(
  pool: EndpointPool,
  rawHeaders: readonly string[],
  host: string,
): Endpoint | { readonly error: RouterError } | undefined {
  const byApp = headerValues(rawHeaders, "x-cf-app-instance")[0];
  if (byApp !== undefined) {
    const match = /^(?<app>[\w-]+):(?<index>\d{1,9})$/.exec(byApp)?.groups;
    if (match === undefined) return { error: routerErrors.invalidAppInstance("X-CF-App-Instance") };
    const found = pool.find(
      ({ registration }) =>
        registration.app === match["app"] && registration.private_instance_index === match["index"],
    );
    return found ?? { error: routerErrors.unknownInstance(host) };
  }
  const byProcess = headerValues(rawHeaders, "x-cf-process-instance")[0];
  if (byProcess === undefined) return undefined;
  const match = /^(?<process>[\w-]+)(?::(?<index>\d{1,9}))?$/.exec(byProcess)?.groups;
  if (match === undefined) {
    return { error: routerErrors.invalidAppInstance("X-CF-Process-Instance") };
  }
  const found = pool.find(
    ({ registration }) =>
      registration.tags["process_id"] === match["process"] &&
      (match["index"] === undefined || registration.private_instance_index === match["index"]),
  );
  return found ?? { error: routerErrors.unknownInstance(host) };
}
