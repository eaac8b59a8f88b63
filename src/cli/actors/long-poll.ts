import type { Clock } from "#kernel/clock/clock.ts";

export interface PollOptions<T> {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  fetch(): Promise<T>;
  isDone(value: T): boolean;
  /** What must differ for the value to count as news. */
  stateOf(value: T): string;
  /** After this many milliseconds `onTimeout` makes the error. */
  readonly timeoutMs?: number;
  onTimeout?(): Error;
}

const shortestPauseMs = 250;
const longestPauseMs = 1_000;

/**
 * Asks until it is done. The server holds such a GET until the state changes, so the next one follows at once; only a
 * server that answers the same state at once is asked in steps of 250 ms to 1 s.
 */
export async function pollUntilDone<T>(options: PollOptions<T>): Promise<T> {
  const { clock, signal } = options;
  const deadline = clock.now().getTime() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
  let known: string | undefined;
  let pauseMs = shortestPauseMs;
  for (;;) {
    const asked = clock.now().getTime();
    const value = await options.fetch();
    if (options.isDone(value)) return value;
    const now = clock.now().getTime();
    if (now >= deadline) throw options.onTimeout?.() ?? new Error("Polling timed out");
    const state = options.stateOf(value);
    if (state === known && now - asked < pauseMs) {
      await clock.sleep(Math.min(pauseMs, deadline - now), signal);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    } else if (state !== known) {
      pauseMs = shortestPauseMs;
    }
    known = state;
  }
}
