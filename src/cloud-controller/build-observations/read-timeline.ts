import { parseInstant } from "#kernel/clock/clock.ts";
import type { Build } from "../builds/build-table.ts";
import type { Executor } from "../database/schema.ts";
import { readSpans } from "./build-log-store.ts";
import { timelineOf, type Timeline } from "./timeline.ts";

/** Builds that a timeline is compared with. */
const comparedBuilds = 3;

export async function readTimeline(db: Executor, build: Build): Promise<Timeline> {
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
  return timelineOf({
    createdAt: instant(build.createdAt),
    endedAt: build.state === "STAGING" ? undefined : instant(build.updatedAt),
    spans: spans.get(build.guid) ?? [],
    previous: before.map(({ guid }) => spans.get(guid) ?? []),
  });
}

function instant(text: string): number {
  return parseInstant(text)?.getTime() ?? 0;
}
