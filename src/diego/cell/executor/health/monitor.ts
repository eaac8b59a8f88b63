import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { formatGoDuration } from "../go-duration.ts";
import type { SourceLog } from "../logs/log-streamer.ts";
import { developerText, StepCancelled, StepFailure, type Step } from "../steps/step.ts";

/** Something that is asked again and again whether the instance is well; throws the reason where it is not. */
export interface HealthCheck {
  check(signal: AbortSignal): Promise<void>;
  /** While it passes. */
  readonly intervalMs: number;
}

export interface MonitorParts {
  readonly clock: Clock;
  /** All must pass. */
  readonly checks: readonly HealthCheck[];
  /** 0: an instance may take for ever to pass. */
  readonly startTimeoutMs: number;
  readonly cellLog: SourceLog;
  readonly healthLog: SourceLog;
  onHealthy(): void;
}

export const defaultIntervalMs = 30_000;

// The original asks every 2 s until an instance is healthy. A fresh app is mostly there within a second, so ours asks
// soon, and then with pauses of 50 ms and a tenth of the time it has waited.
const firstPauseMs = 50;
const longestPauseMs = 2_000;

/**
 * Waits until the instance is healthy, at most its start time-out, then watches it: a single failure ends it. Ready when
 * it is watching, since that is all it starts.
 */
export function monitorStep(parts: MonitorParts): Step {
  return async (signal, ready) => {
    ready();
    parts.cellLog.say("OUT", "Starting health monitoring of container");
    await becomeHealthy(parts, signal);
    parts.cellLog.say("OUT", "Container became healthy");
    parts.onHealthy();
    await watch(parts, signal);
  };
}

/** Says when readiness changes, and never ends by itself. Not ready at first. */
export function readinessStep(
  parts: Pick<MonitorParts, "clock" | "checks" | "cellLog" | "healthLog"> & {
    onReadiness(ready: boolean): void;
  },
): Step {
  return async (signal, ready) => {
    ready();
    for (;;) {
      await cancellable(signal, () => untilPassing(parts, signal, () => undefined));
      parts.cellLog.say(
        "OUT",
        "Container passed the readiness health check. Container marked ready and added to route pool.",
      );
      parts.onReadiness(true);
      const reason = await cancellable(signal, () => untilFailing(parts, signal));
      parts.healthLog.say("ERR", reason);
      parts.cellLog.say(
        "OUT",
        "Container failed the readiness health check. Container marked not ready and removed from route pool.",
      );
      parts.onReadiness(false);
    }
  };
}

async function becomeHealthy(parts: MonitorParts, signal: AbortSignal): Promise<void> {
  const { clock, startTimeoutMs } = parts;
  let reason = "";
  const wait = (limited: AbortSignal) =>
    untilPassing(parts, limited, (latest) => {
      reason = latest;
    });
  try {
    if (startTimeoutMs === 0) await wait(signal);
    else await withDeadline({ clock, ms: startTimeoutMs, signal }, wait);
  } catch (error) {
    if (signal.aborted) throw new StepCancelled();
    const duration = formatGoDuration(startTimeoutMs);
    parts.healthLog.say("ERR", reason);
    parts.cellLog.say("ERR", `Failed after ${duration}: startup health check never passed.`);
    throw new StepFailure(`Instance never healthy after ${duration}: ${reason}`, { cause: error });
  }
}

async function watch(parts: MonitorParts, signal: AbortSignal): Promise<void> {
  const reason = await cancellable(signal, () => untilFailing(parts, signal));
  parts.healthLog.say("ERR", reason);
  parts.cellLog.say("OUT", "Container became unhealthy");
  throw new StepFailure(`Instance became unhealthy: ${reason}`);
}

/** Resolves once all checks have passed in one go. */
async function untilPassing(
  { clock, checks }: Pick<MonitorParts, "clock" | "checks">,
  signal: AbortSignal,
  onFailure: (reason: string) => void,
): Promise<void> {
  for (let pause = firstPauseMs; ; pause = Math.min(longestPauseMs, pause * 1.1)) {
    try {
      await Promise.all(checks.map((each) => each.check(signal)));
      return;
    } catch (error) {
      signal.throwIfAborted();
      onFailure(reasonOf(error));
    }
    await clock.sleep(Math.round(pause), signal);
  }
}

/** Resolves with the reason once any check fails. */
async function untilFailing(
  { clock, checks }: Pick<MonitorParts, "clock" | "checks">,
  signal: AbortSignal,
): Promise<string> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const watchers = checks.map(async (each) => {
    for (;;) {
      await clock.sleep(each.intervalMs, either);
      try {
        await each.check(either);
      } catch (error) {
        either.throwIfAborted();
        return reasonOf(error);
      }
    }
  });
  try {
    return await Promise.race(watchers);
  } finally {
    failed.abort();
    await Promise.allSettled(watchers);
  }
}

async function cancellable<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? new StepCancelled() : error;
  }
}

function reasonOf(error: unknown): string {
  return developerText(error) ?? "the check could not be made";
}
