import type { Kysely } from "kysely";
import type { UaaSchema } from "../database/schema.ts";
import { rememberedMs, type LockoutPolicy } from "../users/lockout.ts";

export interface ExpiredRows {
  readonly sessions: number;
  readonly codes: number;
  readonly webSessions: number;
  readonly loginFailures: number;
}

/** Deletes what has run out by itself; nothing reads it any more, whether this runs or not. */
export async function deleteExpired(
  db: Kysely<UaaSchema>,
  policy: LockoutPolicy,
  now: number,
): Promise<ExpiredRows> {
  const sessions = await db.deleteFrom("sessions").where("expiresAt", "<=", now).executeTakeFirst();
  const codes = await db
    .deleteFrom("oneTimeCodes")
    .where("expiresAt", "<=", now)
    .executeTakeFirst();
  const webSessions = await db
    .deleteFrom("webSessions")
    .where("expiresAt", "<=", now)
    .executeTakeFirst();
  const loginFailures = await db
    .deleteFrom("loginFailures")
    .where("lastAt", "<", now - rememberedMs(policy))
    .executeTakeFirst();
  return {
    sessions: Number(sessions.numDeletedRows),
    codes: Number(codes.numDeletedRows),
    webSessions: Number(webSessions.numDeletedRows),
    loginFailures: Number(loginFailures.numDeletedRows),
  };
}
