import type { Clock } from "#kernel/clock/clock.ts";
import type { ApiServer } from "../http/create-server.ts";
import { readSpans } from "./build-log-store.ts";
import { requireObservedBuild, type ObservationAccess } from "./log-routes.ts";
import type { Span } from "./observation-table.ts";
import { tracesData } from "./open-telemetry.ts";
import { readTimeline } from "./read-timeline.ts";

type ByGuid = { Params: { guid: string } };

/** Where a build's time went, and what each buildpack said when it was asked whether it would do. */
export function registerBuildInsight(
  api: ApiServer,
  context: ObservationAccess & { readonly clock: Clock },
): void {
  const { db, clock } = context;
  api.get<ByGuid>("/rivera/v1/builds/:guid/timeline", async (request) => {
    const build = await requireObservedBuild(context, request.auth, request.params.guid);
    return tracesData(build, await readTimeline(db, build, clock.now().getTime()));
  });
  api.get<ByGuid>("/rivera/v1/builds/:guid/detection", async (request) => {
    const { guid, state } = await requireObservedBuild(context, request.auth, request.params.guid);
    const spans = (await readSpans(db, [guid])).get(guid) ?? [];
    return {
      build: { guid, state },
      buildpacks: spans.filter(({ name }) => name === "detect").map(presentDetect),
    };
  });
}

function presentDetect(span: Span) {
  return {
    buildpack: span.subject,
    version: span.version ?? null,
    result: span.outcome === "ok" ? "detected" : "declined",
    /** `exit status 1`, or why it could not even be asked. */
    outcome: span.outcome,
    output: span.output ?? "",
    errors: span.errors ?? "",
    nearest_miss: span.nearest ?? null,
    duration_ms: span.endedAt - span.startedAt,
  };
}
