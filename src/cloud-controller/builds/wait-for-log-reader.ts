import type { Clock } from "#kernel/clock/clock.ts";
import { parseInstant } from "#kernel/clock/clock.ts";
import type { LogCacheClient } from "#log-cache/client.ts";
import type { Build } from "./build-table.ts";

/** A build that ended longer ago than that is not held back. */
const longestMs = 3_000;
const everyMs = 25;

/**
 * Holds back the final state of a build while somebody is tailing the app's log and has not been given its last line:
 * the official client reads 2 s behind and stops at the final state, so the end of the staging log would be lost. At
 * most 3 s after the build's end; where log-cache cannot be asked, not at all.
 */
export async function waitForLogReader(
  context: { readonly clock: Clock; readonly logCache: Pick<LogCacheClient, "tail"> },
  build: Pick<Build, "appGuid" | "updatedAt">,
): Promise<void> {
  const { clock, logCache } = context;
  const end = (parseInstant(build.updatedAt)?.getTime() ?? 0) + longestMs;
  while (clock.now().getTime() < end) {
    try {
      const tail = await logCache.tail(build.appGuid);
      if (!tail.tailed || tail.newestShown >= tail.newestStored) return;
    } catch {
      // The build's state matters more than its log.
      return;
    }
    await clock.sleep(everyMs);
  }
}
