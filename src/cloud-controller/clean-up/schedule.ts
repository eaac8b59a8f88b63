import { addMs } from "#kernel/clock/clock.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** An hour and minute in UTC, as `18:00`. */
export type TimeOfDay = `${string}:${string}`;

/**
 * Whether a daily clean-up is due: its time has come since it last began. What was missed while the platform was down
 * is made up once, however many days that was; what has never run is due at once, for there may be much to do.
 */
export function isDue(at: TimeOfDay, lastStartedAt: Date | undefined, now: Date): boolean {
  return lastStartedAt === undefined || lastStartedAt < lastTime(at, now);
}

/** When it is due again: the first instant after `now` at which a clock in UTC shows that time. */
export function nextTime(at: TimeOfDay, now: Date): Date {
  return addMs(lastTime(at, now), dayMs);
}

/** The last instant, not after `now`, at which a clock in UTC showed that time. */
function lastTime(at: TimeOfDay, now: Date): Date {
  const [hour = 0, minute = 0] = at.split(":").map(Number);
  const today = addMs(now, 0);
  today.setUTCHours(hour, minute, 0, 0);
  return today <= now ? today : addMs(today, -dayMs);
}
