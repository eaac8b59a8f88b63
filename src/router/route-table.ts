import type { RouteRegistration } from "./client.ts";
import { Endpoint, endpointKey } from "./endpoint.ts";
import { EndpointPool } from "./endpoint-pool.ts";
import { routeKeyOf, segmentsOf, type RouteKey } from "./route-key.ts";

/** Where a path goes on below a host: a trie by whole segments. */
interface PathNode {
  readonly children: Map<string, PathNode>;
  pool: EndpointPool | undefined;
}

/** An endpoint and the routes that lead to it; without one it is gone. */
interface KnownEndpoint {
  readonly endpoint: Endpoint;
  readonly pools: Set<EndpointPool>;
}

export interface RouteTableOptions {
  /** An endpoint that is not registered again for so long is forgotten (120 s in routing-release). */
  readonly staleAfterMs: number;
  /** How long a route without endpoints is still known, and answered 503; 0: it goes with its last endpoint. */
  readonly emptyPoolTimeoutMs: number;
  /** Called once an endpoint is in no route any more. */
  readonly onEndpointGone: (endpoint: Endpoint) => void;
}

/**
 * Host and path to the instances behind them. A request is looked up by its exact host and the longest path, then by
 * wildcard hosts, label by label.
 */
export class RouteTable {
  readonly #options: RouteTableOptions;
  readonly #hosts = new Map<string, PathNode>();
  readonly #endpoints = new Map<string, KnownEndpoint>();
  readonly #emptyPools = new Set<EndpointPool>();
  #lastContactAt = Number.NEGATIVE_INFINITY;

  constructor(options: RouteTableOptions) {
    this.#options = options;
  }

  get endpointCount(): number {
    return this.#endpoints.size;
  }

  get hostCount(): number {
    return this.#hosts.size;
  }

  register(messages: readonly RouteRegistration[], now: number): void {
    // Nobody could register while the emitter was away, so nothing has become stale by that.
    if (!this.#isInContact(now)) this.#refreshAll(now);
    this.#lastContactAt = now;
    for (const message of messages) this.#registerOne(message, now);
  }

  unregister(messages: readonly RouteRegistration[], now: number): void {
    for (const message of messages) {
      const known = this.#endpoints.get(endpointKey(message));
      if (known === undefined) continue;
      for (const uri of message.uris) {
        const pool = this.#poolAt(routeKeyOf(uri));
        if (pool !== undefined) this.#detach(known, pool, now);
      }
    }
  }

  lookUp(host: string, path: string): EndpointPool | undefined {
    const segments = segmentsOf(path);
    const exact = this.#longest(this.#hosts.get(host), segments);
    if (exact !== undefined) return exact;
    const labels = host.split(".");
    for (let dropped = 1; dropped < labels.length; dropped += 1) {
      const wildcard = `*.${labels.slice(dropped).join(".")}`;
      const found = this.#longest(this.#hosts.get(wildcard), segments);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Forgets what is stale, except while no emitter has been heard of: then the table stands still. */
  prune(now: number): { readonly endpoints: number; readonly pools: number } {
    const stale = this.#isInContact(now)
      ? [...this.#endpoints.values()].filter(
          ({ endpoint }) => now - endpoint.registeredAt >= this.#options.staleAfterMs,
        )
      : [];
    for (const known of stale) {
      for (const pool of known.pools) this.#detach(known, pool, now);
    }
    const over = [...this.#emptyPools].filter(
      (pool) => now - (pool.emptySince ?? now) >= this.#options.emptyPoolTimeoutMs,
    );
    for (const pool of over) this.#drop(pool);
    return { endpoints: stale.length, pools: over.length };
  }

  /** Every route with its endpoints, for operators. */
  routes(): Record<string, RouteRegistration[]> {
    const dump: Record<string, RouteRegistration[]> = {};
    for (const { endpoint, pools } of this.#endpoints.values()) {
      for (const pool of pools) (dump[pool.uri] ??= []).push(endpoint.registration);
    }
    return dump;
  }

  #isInContact(now: number): boolean {
    return now - this.#lastContactAt < this.#options.staleAfterMs / 2;
  }

  #refreshAll(now: number): void {
    for (const { endpoint } of this.#endpoints.values()) endpoint.registeredAt = now;
  }

  #registerOne(message: RouteRegistration, now: number): void {
    const known = this.#endpoints.get(endpointKey(message));
    const isOutdated =
      known !== undefined &&
      message.endpoint_updated_at_ns < known.endpoint.registration.endpoint_updated_at_ns;
    if (isOutdated || message.uris.length === 0) return;
    const entry = known ?? { endpoint: new Endpoint(message, now), pools: new Set() };
    entry.endpoint.registration = message;
    entry.endpoint.registeredAt = now;
    this.#endpoints.set(endpointKey(message), entry);
    for (const uri of message.uris) {
      const pool = this.#poolFor(uri);
      pool?.setOptions(message.options);
      if (pool === undefined || entry.pools.has(pool)) continue;
      pool.add(entry.endpoint);
      entry.pools.add(pool);
      this.#emptyPools.delete(pool);
    }
  }

  #detach(known: KnownEndpoint, pool: EndpointPool, now: number): void {
    if (!known.pools.delete(pool)) return;
    pool.remove(known.endpoint, now);
    if (pool.endpoints.length === 0) {
      if (this.#options.emptyPoolTimeoutMs === 0) this.#drop(pool);
      else this.#emptyPools.add(pool);
    }
    if (known.pools.size > 0) return;
    this.#endpoints.delete(endpointKey(known.endpoint.registration));
    this.#options.onEndpointGone(known.endpoint);
  }

  #longest(root: PathNode | undefined, segments: readonly string[]): EndpointPool | undefined {
    let node = root;
    let found = node?.pool;
    for (const segment of segments) {
      node = node?.children.get(segment);
      if (node === undefined) break;
      found = node.pool ?? found;
    }
    return found;
  }

  #poolAt(key: RouteKey | undefined): EndpointPool | undefined {
    if (key === undefined) return undefined;
    let node = this.#hosts.get(key.host);
    for (const segment of key.segments) node = node?.children.get(segment);
    return node?.pool;
  }

  #poolFor(uri: string): EndpointPool | undefined {
    const key = routeKeyOf(uri);
    if (key === undefined) return undefined;
    let node = this.#hosts.get(key.host);
    if (node === undefined) {
      node = { children: new Map(), pool: undefined };
      this.#hosts.set(key.host, node);
    }
    for (const segment of key.segments) {
      const next: PathNode = node.children.get(segment) ?? {
        children: new Map(),
        pool: undefined,
      };
      node.children.set(segment, next);
      node = next;
    }
    node.pool ??= new EndpointPool(uri.toLowerCase());
    return node.pool;
  }

  /** Takes the route out, and the nodes of the trie that lead nowhere then. */
  #drop(pool: EndpointPool): void {
    this.#emptyPools.delete(pool);
    const key = routeKeyOf(pool.uri);
    if (key === undefined) return;
    const nodes: PathNode[] = [];
    let node = this.#hosts.get(key.host);
    for (const segment of key.segments) {
      if (node === undefined) return;
      nodes.push(node);
      node = node.children.get(segment);
    }
    if (node === undefined) return;
    node.pool = undefined;
    for (let depth = key.segments.length; depth > 0; depth -= 1) {
      const segment = key.segments[depth - 1];
      const parent = nodes[depth - 1];
      const child = segment === undefined ? undefined : parent?.children.get(segment);
      if (segment === undefined || child === undefined || !isEmpty(child)) return;
      parent?.children.delete(segment);
    }
    const root = this.#hosts.get(key.host);
    if (root !== undefined && isEmpty(root)) this.#hosts.delete(key.host);
  }
}

function isEmpty(node: PathNode): boolean {
  return node.pool === undefined && node.children.size === 0;
}
