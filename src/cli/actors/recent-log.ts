import { LogCacheError, type LogCache, type LogMessage } from "../api/log-cache.ts";

/** The newest lines, at most 1,000, oldest first. A server that finds that too many is asked for half. */
export async function readRecentLog(logCache: LogCache, sourceId: string): Promise<LogMessage[]> {
  for (let limit = 1_000; ; limit = Math.floor(limit / 2)) {
    try {
      const newestFirst = await logCache.read(sourceId, { limit, descending: true });
      return newestFirst.reverse();
    } catch (error) {
      if (!(error instanceof LogCacheError) || error.status !== 429 || limit <= 1) throw error;
    }
  }
}
