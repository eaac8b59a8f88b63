import type { RequestedResource } from "./messages.ts";
import type { Resource } from "./resource-table.ts";

/**
 * Which of the requested files are in the cache. EVERY matching entry is in the answer, also several of one content:
 * the client takes as unmatched what has a checksum that is not in the answer, and sends the answer back as it is, so
 * an entry left out would be in neither list and vanish from the app.
 */
export function matchResources(
  requested: readonly RequestedResource[],
  known: ReadonlyMap<string, Pick<Resource, "size">>,
): RequestedResource[] {
  return requested.filter((resource) => isMatched(resource, known));
}

export function isMatched(
  { sha1, size, mode }: RequestedResource,
  known: ReadonlyMap<string, Pick<Resource, "size">>,
): boolean {
  return (
    known.get(sha1)?.size === size && mode !== null && (Number.parseInt(mode, 8) & 0o600) === 0o600
  );
}
