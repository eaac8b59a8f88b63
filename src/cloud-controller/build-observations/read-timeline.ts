import { parseInstant } from "#kernel/clock/clock.ts";
import type { Build } from "../builds/build-table.ts";
import type { Executor } from "../database/schema.ts";
import { findProgress, readSpans } from "./build-log-store.ts";
import { timelineOf, type Timeline } from "./timeline.ts";

/** Builds that a timeline is compared with. */
const comparedBuilds = 3;

/** `now` in milliseconds since the epoch, for a build that is still staged. */
export async function readTimeline(db: Executor, build: Build, now = 0): Promise<Timeline> {
  const before = await db
    .selectFrom("builds")
    .select("guid")
    .where("appGuid", "=", build.appGuid)
    .where("state", "=", "STAGED")
    .where("id", "<", build.id)
    .orderBy("id", "desc")
    .limit(comparedBuilds)
    .execute();
  const spans = await readSpans(db, [build.guid, ...before.map(({ guid }) => guid)]);
  const { phase } = await findProgress(db, build.guid);
  const running = phase && {
    name: phase.name,
    subject: phase.subject,
    startedAt: phase.startedAt,
  };
  return timelineOf({
    now,
    running,
    createdAt: instant(build.createdAt),
    endedAt: build.state === "STAGING" ? undefined : instant(build.updatedAt),
    spans: spans.get(build.guid) ?? [],
    previous: before.map(({ guid }) => spans.get(guid) ?? []),
  });
}

function instant(text: string): number {
  return parseInstant(text)?.getTime() ?? 0;
}
