import { askedInstanceOf, describedInstance, isAskedFor } from "./asked-instance.ts";
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
  /** By `X-CF-App-Instance` or `X-CF-Process-Instance`: these or none; never empty. */
  readonly pinned: ReadonlySet<Endpoint> | undefined;
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
  const asked = askedInstanceOf(request.rawHeaders);
  if (asked !== undefined && "error" in asked) return asked;
  const unknown =
    asked === undefined
      ? routerErrors.unknownRoute(target.host)
      : routerErrors.unknownInstance(describedInstance(asked), target.host);
  const pool = table.lookUp(target.host, target.path);
  if (pool === undefined) return { error: unknown };
  // Callers prove who they are by mutual TLS, which is not spoken here: nobody is whom a policy names.
  if (pool.enforcesPolicies) return { error: routerErrors.callerUnknown(target.host) };
  const pinned =
    asked === undefined
      ? undefined
      : new Set(pool.endpoints.filter((endpoint) => isAskedFor(asked, endpoint)));
  if (pinned?.size === 0) return { error: unknown };
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
  const isPossible = (endpoint: Endpoint) =>
    !tried.has(endpoint) && (pinned === undefined || pinned.has(endpoint));
  const sticky =
    stickyInstance === undefined
      ? undefined
      : pool.find((endpoint) => endpoint.instanceGuid === stickyInstance);
  if (sticky !== undefined && isPossible(sticky) && !sticky.isFull) return sticky;
  const choice = pool.choose(isPossible, options.now, routed.hashed);
  switch (choice.kind) {
    case "endpoint":
      return choice.endpoint;
    case "overloaded":
      return { error: routerErrors.overloaded(options.host) };
    case "none":
      return { error: routerErrors.noEndpoints(options.host) };
  }
}
