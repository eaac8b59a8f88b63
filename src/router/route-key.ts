/** A route's host in lower case, perhaps with the wildcard `*.` in front, and the segments of its path. */
export interface RouteKey {
  readonly host: string;
  readonly segments: readonly string[];
}

/** A label has letters, digits, hyphens and underscores: names of apps make them. */
const hostPattern =
  /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/;
const maxHostLength = 253;

/** Parses a `uri` of a registration, `host.domain` or `host.domain/a/b`; compared without case and port. */
export function routeKeyOf(uri: string): RouteKey | undefined {
  const slash = uri.indexOf("/");
  const host = (slash === -1 ? uri : uri.slice(0, slash)).toLowerCase().replace(/:\d+$/, "");
  if (host.length > maxHostLength || !hostPattern.test(host)) return undefined;
  return { host, segments: slash === -1 ? [] : segmentsOf(uri.slice(slash)) };
}

/** The segments of a path, decoded once and in lower case; a trailing slash adds none. */
export function segmentsOf(path: string): string[] {
  const segments = path.split("/").slice(1);
  if (segments.at(-1) === "") segments.pop();
  return segments.map((segment) => decode(segment).toLowerCase());
}

function decode(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
