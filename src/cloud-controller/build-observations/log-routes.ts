import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { parseInstant } from "#kernel/clock/clock.ts";
import { requireOwnedByApp } from "../apps/require-owned-by-app.ts";
import type { Build } from "../builds/build-table.ts";
import { findBuild } from "../builds/find-build.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Changes, LongPoll } from "../http/long-poll.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { findProgress, readLines } from "./build-log-store.ts";
import { buildLogKey } from "./build-observations.ts";
import type { LogLine } from "./observation-table.ts";

export interface ObservationAccess {
  readonly db: Database;
  readonly permissions: Permissions;
}

export interface LogRoutes extends ObservationAccess {
  readonly clock: Clock;
  readonly changes: Changes;
  readonly stopping: AbortSignal;
  readonly longPoll: LongPoll;
}

const querySchema = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/, { error: "must be the number of a line" })
    .optional(),
  phase: z
    .string()
    .regex(/^[a-z-]{1,32}$/, { error: "must be the name of a phase" })
    .optional(),
  follow: z.enum(["true", "false"], { error: "must be true or false" }).optional(),
});

/** A cell that says nothing more of a build that has ended is not waited for longer. */
const lastWordsMs = 3_000;
/** Another process may have stored what is waited for. */
const lookAgainMs = 1_000;

/** As for reading the build: who may not is told that there is none. */
export async function requireObservedBuild(
  { db, permissions }: ObservationAccess,
  auth: AuthContext,
  guid: string,
): Promise<Build> {
  const { resource } = await requireOwnedByApp({ db, permissions }, auth, {
    name: "Build",
    resource: await findBuild(db, guid),
    action: "space.read",
  });
  return resource;
}

/**
 * A build's log: pages in JSON, held until there is something new where `Prefer: wait=N` asks for it, or line by line
 * (NDJSON) to its end where `follow` or the header `Accept` does.
 */
export function registerBuildLog(api: ApiServer, context: LogRoutes): void {
  api.get<{ Params: { guid: string } }>("/rivera/v1/builds/:guid/log", async (request, reply) => {
    const { guid } = request.params;
    await requireObservedBuild(context, request.auth, guid);
    const query = parseMessage(querySchema, request.query);
    const wanted = { guid, after: Number(query.after ?? 0), phase: query.phase };
    const accept = String(request.headers.accept ?? "");
    if (query.follow !== "true" && !accept.includes("application/x-ndjson")) {
      if (request.headers["prefer"] === undefined) return await presentPage(context, wanted);
      return await context.longPoll.hold(request, reply, {
        key: buildLogKey(guid),
        read: () => presentPage(context, wanted),
        isPending: (page) => page.next_after === wanted.after && !page.complete,
      });
    }
    const { signal, lines } = stream(context, reply, wanted);
    return await reply
      .type("application/x-ndjson")
      .send(Readable.from(lines, { objectMode: false, signal }));
  });
}

interface Wanted {
  readonly guid: string;
  /** Number of the newest line that the reader has. */
  readonly after: number;
  readonly phase: string | undefined;
}

async function presentPage(context: LogRoutes, { guid, after, phase }: Wanted) {
  const { db } = context;
  // Asked first: what is said to be complete is then there to be read.
  const complete = await isOver(context, guid);
  const build = await findBuild(db, guid);
  const { lines: total } = await findProgress(db, guid);
  const lines = await readLines(db, guid, after);
  const newest = lines.at(-1)?.number ?? after;
  return {
    build: { guid, state: build?.state ?? "FAILED" },
    total_lines: total,
    /** Nothing more is to come. */
    complete,
    next_after: newest,
    has_more: newest < total && lines.length > 0,
    lines: withGaps(lines, after).filter((each) => isWanted(each, phase)),
  };
}

type Presented = LogLine | { readonly cut: { readonly first: number; readonly last: number } };

function isWanted(each: Presented, phase: string | undefined): boolean {
  return phase === undefined || ("number" in each && each.phase === phase);
}

/** The lines, and in the place of those that were cut the numbers of the first and the last. */
function withGaps(lines: readonly LogLine[], after: number): Presented[] {
  let newest = after;
  return lines.flatMap((line): Presented[] => {
    const gap = { cut: { first: newest + 1, last: line.number - 1 } };
    const isCut = line.number > newest + 1;
    newest = line.number;
    return isCut ? [gap, line] : [line];
  });
}

function stream(
  context: LogRoutes,
  reply: FastifyReply,
  wanted: Wanted,
): { readonly signal: AbortSignal; readonly lines: AsyncGenerator<string> } {
  const left = new AbortController();
  reply.raw.once("close", () => left.abort());
  const signal = AbortSignal.any([context.stopping, left.signal]);
  return { signal, lines: followedLines(context, wanted, signal) };
}

async function* followedLines(
  context: LogRoutes,
  { guid, after, phase }: Wanted,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { db, changes } = context;
  let newest = after;
  while (!signal.aborted) {
    const waiting = new AbortController();
    const either = AbortSignal.any([signal, waiting.signal]);
    const change = changes.next(buildLogKey(guid), either);
    try {
      // Asked before the lines are read: what is told of the end is then told of lines that are there.
      const hasEnded = await isOver(context, guid);
      const lines = await readLines(db, guid, newest);
      const presented = withGaps(lines, newest).filter((each) => isWanted(each, phase));
      newest = lines.at(-1)?.number ?? newest;
      for (const each of presented) yield `${JSON.stringify(each)}\n`;
      if (lines.length > 0) continue;
      if (hasEnded) return;
      await Promise.race([change, context.clock.sleep(lookAgainMs, either).catch(() => undefined)]);
    } finally {
      waiting.abort();
    }
  }
}

/** Whether nothing more is to come. */
async function isOver({ db, clock }: LogRoutes, guid: string): Promise<boolean> {
  const build = await findBuild(db, guid);
  if (build === undefined) return true;
  if (build.state === "STAGING") return false;
  const { closed } = await findProgress(db, guid);
  const endedAt = parseInstant(build.updatedAt)?.getTime() ?? 0;
  return closed || clock.now().getTime() - endedAt > lastWordsMs;
}
