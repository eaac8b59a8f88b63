import type { Endpoint } from "./endpoint.ts";

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

  /**
   * Round robin over those not tried yet, leaving out the full ones, and those that failed lately while there are
   * others.
   */
  choose(tried: ReadonlySet<Endpoint>, now: number): Choice {
    const count = this.#endpoints.length;
    let secondBest: Endpoint | undefined;
    let isOverloaded = false;
    for (let step = 0; step < count; step += 1) {
      const position = (this.#next + step) % count;
      const endpoint = this.#endpoints[position];
      if (endpoint === undefined || tried.has(endpoint)) continue;
      if (endpoint.isFull) {
        isOverloaded = true;
      } else if (endpoint.hasFailedLately(now)) {
        secondBest ??= endpoint;
      } else {
        this.#next = position + 1;
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
