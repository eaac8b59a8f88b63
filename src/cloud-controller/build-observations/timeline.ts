import type { Span } from "./observation-table.ts";

/** A build's timeline: what it was made of, which of it decided how long it took, and how that was before. */
export interface Timeline {
  readonly startedAt: number;
  /** Of a build that is still staged: now. */
  readonly endedAt: number;
  readonly pieces: readonly Piece[];
}

export interface Piece extends Omit<Span, "from"> {
  readonly from: Span["from"] | "cloud-controller";
  /** It has not ended: its end is now. */
  readonly isRunning: boolean;
  /** A faster one would have made the staging faster. */
  readonly isCritical: boolean;
  /** How long it took in the builds before, the middle one of them. */
  readonly wasMs?: number;
  /** Why it took longer, where that is known. */
  readonly because?: string;
}

export interface TimelineFacts {
  readonly createdAt: number;
  /** Undefined while it is staged. */
  readonly endedAt: number | undefined;
  /** Of a build that is still staged. */
  readonly now?: number;
  /** The phase that the builder is in. */
  readonly running?: Pick<Span, "name" | "subject" | "startedAt"> | undefined;
  readonly spans: readonly Span[];
  /** Of the app's last builds that were staged, the newest first. */
  readonly previous: readonly (readonly Span[])[];
}

export function timelineOf(facts: TimelineFacts): Timeline {
  const { createdAt, endedAt, spans, previous, now = 0 } = facts;
  const last = Math.max(createdAt, ...spans.map((span) => span.endedAt));
  // The clocks of cells and Cloud Controller may differ: the parts decide where the whole does not hold them.
  const startedAt = Math.min(createdAt, ...spans.map((span) => span.startedAt));
  const end = Math.max(endedAt ?? now, last);
  const running = endedAt === undefined ? runningNow(facts, end) : undefined;
  const all = [
    ...queue(createdAt, spans),
    ...spans.toSorted((a, b) => a.startedAt - b.startedAt || b.endedAt - a.endedAt),
    ...(running === undefined ? [] : [running]),
    ...callback(last, endedAt, spans),
  ];
  // The builder's time is that of its phases.
  const hasPhases = spans.some(({ from }) => from === "builder");
  const critical = criticalPath(all.filter(({ name }) => name !== "process" || !hasPhases));
  return {
    startedAt,
    endedAt: end,
    pieces: all.map((piece) => ({
      ...piece,
      isRunning: piece === running,
      isCritical: critical.has(piece),
      ...comparison(piece, spans, previous),
    })),
  };
}

type Unjudged = Omit<Piece, "isCritical" | "isRunning">;

/** What a build is at that has no place yet, or whose builder is in a phase. */
function runningNow(
  { createdAt, spans, running }: TimelineFacts,
  endedAt: number,
): Unjudged | undefined {
  const state = { endedAt, outcome: "ok" };
  if (running !== undefined) return { ...running, from: "builder", ...state };
  if (spans.length > 0) return undefined;
  return { name: "queue", subject: "", from: "cloud-controller", startedAt: createdAt, ...state };
}

/** From the wish to the place on a cell: Diego's auction, and whatever waited for room. */
function queue(createdAt: number, spans: readonly Span[]): Unjudged[] {
  const place = spans.find(({ name }) => name === "place");
  if (place === undefined || place.startedAt <= createdAt) return [];
  const times = { startedAt: createdAt, endedAt: place.startedAt, outcome: "ok" };
  return [{ name: "queue", subject: "", from: "cloud-controller", ...times }];
}

/** From the cell's last work to the build's final state. */
function callback(last: number, endedAt: number | undefined, spans: readonly Span[]): Unjudged[] {
  if (endedAt === undefined || endedAt <= last || spans.length === 0) return [];
  const times = { startedAt: last, endedAt, outcome: "ok" };
  return [{ name: "callback", subject: "", from: "cloud-controller", ...times }];
}

/** What ended last, then what ended last before that began, and so on to the beginning. */
export function criticalPath<T extends Pick<Span, "startedAt" | "endedAt">>(
  pieces: readonly T[],
): ReadonlySet<T> {
  const path = new Set<T>();
  const latestFirst = pieces.toSorted((a, b) => b.endedAt - a.endedAt || a.startedAt - b.startedAt);
  let until = Number.POSITIVE_INFINITY;
  for (const piece of latestFirst) {
    if (piece.endedAt > until || piece.endedAt === piece.startedAt) continue;
    path.add(piece);
    until = piece.startedAt;
  }
  return path;
}

function comparison(
  piece: Unjudged,
  spans: readonly Span[],
  previous: readonly (readonly Span[])[],
): Pick<Piece, "wasMs" | "because"> {
  const before = previous.flatMap((build) => build.filter((span) => isSameWork(span, piece)));
  const wasMs = median(before.map(lengthOf));
  if (wasMs === undefined) return {};
  const because = isSlower(lengthOf(piece), wasMs) ? reason(piece, spans, previous) : undefined;
  return because === undefined ? { wasMs } : { wasMs, because };
}

function isSameWork(a: Pick<Span, "name" | "subject">, b: Pick<Span, "name" | "subject">): boolean {
  return a.name === b.name && a.subject === b.subject;
}

function lengthOf({ startedAt, endedAt }: Pick<Span, "startedAt" | "endedAt">): number {
  return endedAt - startedAt;
}

function isSlower(ms: number, wasMs: number): boolean {
  return ms > wasMs * 1.5 && ms - wasMs > 500;
}

const cacheName = "build artifacts cache";

function reason(
  piece: Unjudged,
  spans: readonly Span[],
  previous: readonly (readonly Span[])[],
): string | undefined {
  const [newest = []] = previous;
  const before = newest.find((span) => isSameWork(span, piece));
  if (piece.name === "download" && piece.cached === false && before?.cached === true) {
    return "it was not on this cell yet";
  }
  if (piece.from !== "builder" || piece.name === "detect") return undefined;
  const version = (build: readonly Span[]) =>
    build.find(({ name, subject }) => name === "detect" && subject === piece.subject)?.version;
  const [now, then] = [version(spans), version(newest)];
  if (now !== undefined && then !== undefined && now !== then) {
    return `the buildpack is another: ${now}, was ${then}`;
  }
  const hasCache = (build: readonly Span[]) =>
    build.some(
      ({ name, subject, outcome }) =>
        name === "download" && subject === cacheName && outcome === "ok",
    );
  if (!hasCache(spans) && hasCache(newest)) {
    return "there was no build cache: it was cleared, or the stack changed";
  }
  return undefined;
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
