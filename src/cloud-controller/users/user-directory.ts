import type { Clock } from "#kernel/clock/clock.ts";
import { nameKey } from "../database/name-key.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError } from "../http/cf-errors.ts";
import type { UaaUsers } from "./uaa-users.ts";

/** Callers whose record is known to be up to date; bounded, so that a flood of users costs writes, not memory. */
const maximumRemembered = 10_000;

/** As UAA makes guids of users. */
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Keeps Cloud Controller's record of users and clients in step with the tokens that it sees. */
export class UserDirectory {
  readonly #db: Database;
  readonly #clock: Clock;
  /** Undefined: only users that Cloud Controller has seen are found by name. */
  readonly uaaUsers: UaaUsers | undefined;
  readonly #seen = new Map<string, string>();

  constructor(db: Database, clock: Clock, uaaUsers: UaaUsers | undefined) {
    this.#db = db;
    this.#clock = clock;
    this.uaaUsers = uaaUsers;
  }

  /** @throws 401 for a client that has a user's guid as its id */
  async noteCaller(auth: AuthContext): Promise<void> {
    if (auth.userGuid === "") return;
    const identity = auth.isClient ? "client" : `${auth.origin}/${auth.userName}`;
    if (this.#seen.get(auth.userGuid) === identity) return;
    if (auth.isClient) await this.#requireNoUser(auth.userGuid);
    await upsertUser(this.#db, this.#clock, {
      guid: auth.userGuid,
      username: auth.userName || null,
      origin: auth.origin || null,
    });
    if (this.#seen.size >= maximumRemembered) this.#seen.clear();
    this.#seen.set(auth.userGuid, identity);
  }

  /** Who may add clients to UAA is not to get any user's roles by the choice of an id. */
  async #requireNoUser(guid: string): Promise<void> {
    const record = await this.#db
      .selectFrom("users")
      .select("username")
      .where("guid", "=", guid)
      .executeTakeFirst();
    const isUser =
      (record?.username ?? null) !== null ||
      (uuid.test(guid) && (await this.uaaUsers?.byGuid(guid)) !== undefined);
    if (isUser) throw new CfError("InvalidAuthToken");
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
