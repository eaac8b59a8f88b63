import type { Clock } from "#kernel/clock/clock.ts";
import { nameKey } from "../database/name-key.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";

/** Callers whose record is known to be up to date; bounded, so that a flood of users costs writes, not memory. */
const maximumRemembered = 10_000;

/** Keeps Cloud Controller's record of users in step with the tokens that it sees. */
export class UserDirectory {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #seen = new Map<string, string>();

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async noteCaller(auth: AuthContext): Promise<void> {
    if (auth.userGuid === "") return;
    const identity = `${auth.origin}/${auth.userName}`;
    if (this.#seen.get(auth.userGuid) === identity) return;
    await upsertUser(this.#db, this.#clock, {
      guid: auth.userGuid,
      username: auth.userName || null,
      origin: auth.origin || null,
    });
    if (this.#seen.size >= maximumRemembered) this.#seen.clear();
    this.#seen.set(auth.userGuid, identity);
  }

  /** A user that was deleted must be written again should it come back. */
  forget(guid: string): void {
    this.#seen.delete(guid);
  }
}

export async function upsertUser(
  db: Executor,
  clock: Clock,
  user: { readonly guid: string; readonly username: string | null; readonly origin: string | null },
): Promise<void> {
  const { username, origin } = user;
  const identity = { username, usernameKey: nameKey(username ?? ""), origin };
  await db
    .insertInto("users")
    .values({ ...newRecord(clock, user.guid), ...identity })
    .onConflict((conflict) =>
      conflict.column("guid").doUpdateSet({
        ...touched(clock),
        ...identity,
      }),
    )
    .execute();
}
