import type { RouteOptions } from "./client.ts";
import type { Endpoint } from "./endpoint.ts";
import { loadBalancingOf, orderFor, type LoadBalancing } from "./load-balancing.ts";

export type Choice =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  | { readonly kind: "none" }
  /** All that are left have as many requests as they may. */
  | { readonly kind: "overloaded" };

/** The instances behind one route. */
export class EndpointPool {
  /** `host.domain/path`, as registered. */
  readonly uri: string;
  #endpoints: Endpoint[] = [];
  #next = 0;
  #balancing: LoadBalancing = loadBalancingOf(undefined);
  /** Only callers that route policies name may come in. */
  enforcesPolicies = false;
  /** When the last endpoint went; undefined while there are some. */
  emptySince: number | undefined;

  constructor(uri: string) {
    this.uri = uri;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  add(endpoint: Endpoint): void {
    this.#endpoints.push(endpoint);
    this.emptySince = undefined;
  }

  remove(endpoint: Endpoint, now: number): void {
    this.#endpoints = this.#endpoints.filter((candidate) => candidate !== endpoint);
    if (this.#endpoints.length === 0) this.emptySince ??= now;
  }

  /** The newest word of any instance is the route's. */
  setOptions(options: RouteOptions | undefined): void {
    this.#balancing = loadBalancingOf(options);
    this.enforcesPolicies = options?.route_policy_scope !== undefined;
  }

  /** Name of the header by whose value requests are spread, where it is by one. */
  get hashHeader(): string | undefined {
    return this.#balancing.kind === "hash" ? this.#balancing.header : undefined;
  }

  /**
   * The first in the route's order (round robin, where it has no other) of those that are possible, leaving out the
   * full ones, and those that failed lately while there are others. `hashed` is the value of the route's hash header.
   */
  choose(isPossible: (endpoint: Endpoint) => boolean, now: number, hashed?: string): Choice {
    let secondBest: Endpoint | undefined;
    let isOverloaded = false;
    const count = this.#endpoints.length;
    const order = orderFor(this.#endpoints, this.#balancing, { turn: this.#next, hashed });
    for (let step = 0; step < count; step += 1) {
      const position = (this.#next + step) % count;
      const endpoint = order === undefined ? this.#endpoints[position] : order[step];
      if (endpoint === undefined || !isPossible(endpoint)) continue;
      if (endpoint.isFull) {
        isOverloaded = true;
      } else if (endpoint.hasFailedLately(now)) {
        secondBest ??= endpoint;
      } else {
        if (order === undefined) this.#next = position + 1;
        else this.#next += 1;
        return { kind: "endpoint", endpoint };
      }
    }
    if (secondBest !== undefined) return { kind: "endpoint", endpoint: secondBest };
    return { kind: isOverloaded ? "overloaded" : "none" };
  }

  find(matches: (endpoint: Endpoint) => boolean): Endpoint | undefined {
    return this.#endpoints.find(matches);
  }
}
