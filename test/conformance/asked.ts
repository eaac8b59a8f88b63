/** A request as it went over the wire. */
interface Sent {
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
}

const guids = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/**
 * One line that says what was asked, the same for two runs of one command: guids are `:guid`, checksums `:sha1`, the names `wire-…` and
 * `cf-…` that the suite and the official client give to their own things are `x-…`, a task's number is
 * `:number`, keys are sorted.
 */
export function askedLine({ method, path, body, contentType }: Sent): string {
  const url = new URL(path, "http://platform");
  // Log-cache is polled with instants for cursors: only who is read counts.
  const query = url.pathname.startsWith("/api/v1/") ? "" : queryText(url.searchParams);
  const line = `${method} ${anonymous(url.pathname)}${query}`;
  if (body === undefined || body === "" || !(contentType ?? "").startsWith("application/json")) {
    return line;
  }
  return `${line} ${anonymous(JSON.stringify(sorted(JSON.parse(body))))}`;
}

/** Polls: how often, and whether at all, is a matter of time. */
const polls = /^GET \/v3\/(builds|deployments|jobs|packages|tasks)\/:guid$/;

/** The lines that the one asked and the other did not: empty when both asked for the same. */
export function difference(
  wire: readonly string[],
  client: readonly string[],
): { readonly onlyInSuite: readonly string[]; readonly onlyByClient: readonly string[] } {
  const without = (lines: readonly string[], others: readonly string[]) =>
    [...new Set(lines)].filter((line) => !others.includes(line) && !polls.test(line)).toSorted();
  return { onlyInSuite: without(wire, client), onlyByClient: without(client, wire) };
}

function queryText(query: URLSearchParams): string {
  const pairs = [...query]
    .map(([key, value]) => `${key}=${key === "sequence_ids" ? ":number" : anonymous(value)}`)
    .toSorted();
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function anonymous(text: string): string {
  return text
    .replaceAll(guids, ":guid")
    .replaceAll(/\b[0-9a-f]{40}\b/g, ":sha1")
    .replaceAll(/:guid(,:guid)+/g, ":guid")
    .replaceAll(/\b(wire|cf)(?=[-_])/g, "x");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
