import type { ActualLrp, CrashedLrp } from "./actual-lrp.ts";

// Diego's crash policy. Crashes 1 and 2 restart at once; the wait then doubles from 30 s up to 16 minutes and is only
// looked at by convergence; crash 200 is the last.
const immediateRestarts = 3;
const initialDelayMs = 30_000;
const maxDelayMs = 960_000;
const givesUpAt = 200;
const forgivenAfterMs = 5 * 60_000;

/** The crash count after one more crash: an instance that had run for more than five minutes starts anew at 1. */
export function crashCountAfterCrash(lrp: ActualLrp, now: Date): number {
  const ranFor = lrp.state === "RUNNING" ? now.getTime() - lrp.since.getTime() : 0;
  return ranFor > forgivenAfterMs ? 1 : lrp.crashCount + 1;
}

export function restartsImmediately(crashCount: number): boolean {
  return crashCount < immediateRestarts;
}

/** Milliseconds from the crash to the restart; undefined: never. */
export function restartDelayMs(crashCount: number): number | undefined {
  if (crashCount >= givesUpAt) return undefined;
  if (restartsImmediately(crashCount)) return 0;
  return Math.min(maxDelayMs, initialDelayMs * 2 ** (crashCount - immediateRestarts));
}

export function shouldRestartCrash(lrp: CrashedLrp, now: Date): boolean {
  const delayMs = restartDelayMs(lrp.crashCount);
  return delayMs !== undefined && now.getTime() - lrp.since.getTime() >= delayMs;
}
