import type { Session } from "#cli/session.ts";
import { FolderWatch } from "#workbench/folder-watch.ts";
import { restageOnChange, type Restaged } from "#workbench/restaging.ts";
import type { StageRequest } from "#workbench/stage-app.ts";
import type { Workbench } from "#workbench/workbench.ts";

/** Until the session is interrupted, which is how it ends. */
export async function watchAndStage(
  { ui, clock, signal }: Session,
  workbench: Workbench,
  of: {
    readonly request: StageRequest;
    /** Says itself how it went; gives what it failed for. */
    readonly stage: (signal: AbortSignal) => Promise<string | undefined>;
  },
): Promise<void> {
  const { request, stage } = of;
  const paths = request.buildpacks.flatMap((each) => (each.kind === "url" ? [] : each.path));
  using watch = new FolderWatch([request.source, ...paths], clock);
  const work = {
    content: async (until: AbortSignal) => await workbench.contentOf(request, until),
    changed: async (until: AbortSignal) => await watch.changed(until),
    async stage(until: AbortSignal) {
      const failure = await stage(until);
      if (failure !== undefined) ui.failed(failure);
    },
    say(what: Restaged) {
      if (what.kind === "changed") ui.text("\nThere is a change: staging again.");
      else if (what.kind === "broken") ui.failed(what.reason);
      else ui.text("\nWaiting for a change of the app or a buildpack. Ctrl-C ends.");
    },
  };
  try {
    await restageOnChange(work, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
