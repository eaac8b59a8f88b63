import { createHash } from "node:crypto";
import type { RouteOptions } from "./client.ts";
import type { Endpoint } from "./endpoint.ts";

/** How a route's requests are spread over its instances. */
export type LoadBalancing =
  | { readonly kind: "round-robin" | "least-connection" }
  | {
      readonly kind: "hash";
      /** In lower case. Requests with the same value of it go to the same instance. */
      readonly header: string;
      /** An instance with more than this times the average of requests is passed over; 0: none is. */
      readonly balance: number;
    };

const roundRobin: LoadBalancing = { kind: "round-robin" };

/** Options that say nothing sensible mean round robin. */
export function loadBalancingOf(options: RouteOptions | undefined): LoadBalancing {
  if (options?.loadbalancing === "least-connection") return { kind: "least-connection" };
  const header = options?.hash_header ?? "";
  if (options?.loadbalancing !== "hash" || header === "") return roundRobin;
  const balance = Number(options.hash_balance ?? 0);
  return {
    kind: "hash",
    header: header.toLowerCase(),
    balance: Number.isFinite(balance) ? balance : 0,
  };
}

/**
 * The endpoints in the order in which a request would have them; undefined: by turns, which needs no list of its own. A
 * request without the route's hash header goes by turns. `turn` is where these stand, and breaks ties.
 */
export function orderFor(
  endpoints: readonly Endpoint[],
  balancing: LoadBalancing,
  request: { readonly turn: number; readonly hashed: string | undefined },
): readonly Endpoint[] | undefined {
  switch (balancing.kind) {
    case "round-robin":
      return undefined;
    case "least-connection": {
      const turn = endpoints.length === 0 ? 0 : request.turn % endpoints.length;
      const round = [...endpoints.slice(turn), ...endpoints.slice(0, turn)];
      return round.sort((a, b) => a.inFlight - b.inFlight);
    }
    case "hash":
      return request.hashed === undefined
        ? undefined
        : byHash(endpoints, request.hashed, balancing.balance);
  }
}

/**
 * Rendezvous hashing: each instance has a rank for a value, and one that comes or goes moves only what was, or will be,
 * its own. Those with far more than their share of requests come after the others.
 */
function byHash(
  endpoints: readonly Endpoint[],
  value: string,
  balance: number,
): readonly Endpoint[] {
  const ranks = new Map(
    endpoints.map((endpoint) => [endpoint, rankOf(endpoint.instanceGuid, value)]),
  );
  const ranked = endpoints.toSorted((a, b) =>
    (ranks.get(a) ?? "") < (ranks.get(b) ?? "") ? -1 : 1,
  );
  if (balance === 0) return ranked;
  const requests = endpoints.reduce((sum, endpoint) => sum + endpoint.inFlight, 0);
  const most = balance * ((requests + 1) / endpoints.length);
  const isBusy = (endpoint: Endpoint) => endpoint.inFlight + 1 > Math.max(1, most);
  return [...ranked.filter((endpoint) => !isBusy(endpoint)), ...ranked.filter(isBusy)];
}

function rankOf(instanceGuid: string, value: string): string {
  return createHash("sha1").update(instanceGuid).update("\0").update(value).digest("hex");
}
