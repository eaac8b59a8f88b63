import type { WantedDestination } from "./destinations-message.ts";
import type { Destination } from "./find-route.ts";

/** What must be done so that a route leads where a request says. */
export type DestinationPlan =
  | {
      readonly ok: true;
      readonly added: readonly WantedDestination[];
      readonly removed: readonly Destination[];
    }
  | { readonly ok: false; readonly fault: string };

const maximumDestinations = 100;

/** What is there already is not added again; `url` is the route's, for the texts. */
export function planInsertion(
  existing: readonly Destination[],
  wanted: readonly WantedDestination[],
  url: string,
): DestinationPlan {
  const fault = faultOf(existing.length, wanted);
  if (fault !== undefined) return { ok: false, fault };
  if (existing.some((destination) => destination.weight !== null)) {
    return {
      ok: false,
      fault:
        "Destinations cannot be inserted when there are weighted destinations already configured.",
    };
  }
  const added: WantedDestination[] = [];
  for (const destination of wanted) {
    const same = existing.find((candidate) => leadsToSame(candidate, destination));
    const protocol = destination.protocol ?? "http1";
    if (same === undefined) {
      added.push(destination);
    } else if (same.protocol !== protocol) {
      return {
        ok: false,
        fault:
          `Cannot add destination with protocol: ${protocol}. Destination already exists for route: ${url}, ` +
          `app: ${destination.appGuid}, process: ${destination.processType}, and protocol: ${same.protocol}.`,
      };
    }
  }
  return { ok: true, added, removed: [] };
}

/** What stays as it is keeps its guid. */
export function planReplacement(
  existing: readonly Destination[],
  wanted: readonly WantedDestination[],
): DestinationPlan {
  const fault = faultOf(0, wanted);
  if (fault !== undefined) return { ok: false, fault };
  const isKept = (candidate: Destination, destination: WantedDestination) =>
    leadsToSame(candidate, destination) &&
    candidate.weight === destination.weight &&
    candidate.protocol === (destination.protocol ?? "http1");
  return {
    ok: true,
    added: wanted.filter((destination) => !existing.some((each) => isKept(each, destination))),
    removed: existing.filter((candidate) => !wanted.some((each) => isKept(candidate, each))),
  };
}

function faultOf(existing: number, wanted: readonly WantedDestination[]): string | undefined {
  if (existing + wanted.length > maximumDestinations) {
    return `Routes can be mapped to at most ${maximumDestinations} destinations.`;
  }
  const keys = wanted.map(({ appGuid, processType, port }) =>
    JSON.stringify([appGuid, processType, port]),
  );
  if (new Set(keys).size < keys.length) return "Destinations cannot contain duplicate entries";
  if (wanted.some((destination) => destination.protocol === "tcp")) {
    return "Cannot use 'tcp' protocol for http routes; valid options are: [http1, http2].";
  }
  return undefined;
}

function leadsToSame(existing: Destination, wanted: WantedDestination): boolean {
  return (
    existing.appGuid === wanted.appGuid &&
    existing.processType === wanted.processType &&
    existing.port === wanted.port
  );
}
