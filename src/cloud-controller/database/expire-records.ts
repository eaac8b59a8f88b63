import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop } from "#kernel/loop/loop.ts";
import type { Database } from "./schema.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Days that Cloud Controller keeps audit events and finished jobs (capi-release's production values). */
const auditEventDays = 31;
const jobDays = 90;

const periodMs = 60 * 60 * 1000;

export function expiryLoop(options: {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}): Loop {
  const { db, clock } = options;
  return new Loop({
    ...options,
    name: "expire-records",
    periodMs,
    activation: () => expireRecords(db, clock),
  });
}

/** Removes what has been kept long enough. */
export async function expireRecords(
  db: Database,
  clock: Clock,
): Promise<{ readonly auditEvents: number; readonly jobs: number }> {
  const now = clock.now().getTime();
  const before = (days: number) => instant(clock, now - days * dayMs);
  const events = await db
    .deleteFrom("auditEvents")
    .where("createdAt", "<", before(auditEventDays))
    .executeTakeFirstOrThrow();
  const jobs = await db
    .deleteFrom("jobs")
    .where("createdAt", "<", before(jobDays))
    .where("state", "in", ["COMPLETE", "FAILED"])
    .executeTakeFirstOrThrow();
  return { auditEvents: Number(events.numDeletedRows), jobs: Number(jobs.numDeletedRows) };
}

function instant(clock: Clock, ms: number): string {
  const date = clock.now();
  date.setTime(ms);
  return date.toISOString();
}
