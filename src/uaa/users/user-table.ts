import type { Kysely, Selectable } from "kysely";
import { asGuid, type Guid } from "#kernel/guid.ts";
import type { UaaSchema } from "../database/schema.ts";
import { where, type FilterColumns, type FilterExpression } from "../scim/filter-expression.ts";

export type UserGuid = Guid<"user">;

export interface User {
  readonly guid: UserGuid;
  readonly userName: string;
  /** The identity provider; `uaa` for those whose password we keep. */
  readonly origin: string;
  readonly email: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly passwordHash: string;
  /** Counts changes, as `meta.version` shows it. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly passwordChangedAt: number;
  /** An inactive user cannot log in. */
  readonly isActive: boolean;
  /** Whether the address of mail is known to be the user's. */
  readonly isVerified: boolean;
  /** The names of the groups, which are the scopes that this user may be granted. */
  readonly groups: readonly string[];
  readonly memberships: readonly { readonly guid: string; readonly name: string }[];
}

export type NewUser = Pick<
  User,
  "guid" | "userName" | "origin" | "email" | "givenName" | "familyName" | "passwordHash" | "groups"
>;

/** What `PUT` and `PATCH` change; each is there. */
export type UserProfile = Pick<
  User,
  "userName" | "email" | "givenName" | "familyName" | "isActive" | "isVerified"
>;

/** What a SCIM filter may name. */
export const userFilterColumns: FilterColumns = {
  id: { column: "guid", kind: "text" },
  username: { column: "userNameKey", kind: "folded" },
  origin: { column: "origin", kind: "text" },
  email: { column: "email", kind: "text" },
  "emails.value": { column: "email", kind: "text" },
  givenname: { column: "givenName", kind: "text" },
  "name.givenname": { column: "givenName", kind: "text" },
  familyname: { column: "familyName", kind: "text" },
  "name.familyname": { column: "familyName", kind: "text" },
  active: { column: "isActive", kind: "flag" },
  verified: { column: "isVerified", kind: "flag" },
};

export interface UserPage {
  readonly offset: number;
  readonly limit: number;
  readonly sortBy: "created" | "userName";
  readonly descending: boolean;
}

/** Names are compared without regard to case. */
export function userNameKey(userName: string): string {
  return userName.toLowerCase();
}

export class UserTable {
  readonly #db: Kysely<UaaSchema>;

  constructor(db: Kysely<UaaSchema>) {
    this.#db = db;
  }

  /** False where name and origin are taken. */
  async insert(user: NewUser, now: number): Promise<boolean> {
    const { groups, ...columns } = user;
    return this.#db.transaction().execute(async (tx) => {
      const inserted = await tx
        .insertInto("users")
        .values({
          ...columns,
          userNameKey: userNameKey(user.userName),
          version: 0,
          createdAt: now,
          updatedAt: now,
          passwordChangedAt: now,
          isActive: 1,
          isVerified: 1,
        })
        .onConflict((conflict) => conflict.columns(["userNameKey", "origin"]).doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
      const rows = groups.map((name) => ({ userGuid: user.guid, name }));
      if (rows.length > 0) await tx.insertInto("userGroups").values(rows).execute();
      return true;
    });
  }

  async byName(userName: string, origin: string): Promise<User | undefined> {
    const row = await this.#db
      .selectFrom("users")
      .selectAll()
      .where("userNameKey", "=", userNameKey(userName))
      .where("origin", "=", origin)
      .executeTakeFirst();
    return row === undefined ? undefined : (await this.#withGroups([row])).at(0);
  }

  async byGuid(guid: string): Promise<User | undefined> {
    const row = await this.#db
      .selectFrom("users")
      .selectAll()
      .where("guid", "=", guid)
      .executeTakeFirst();
    return row === undefined ? undefined : (await this.#withGroups([row])).at(0);
  }

  /** Those of the guids that are users'. */
  async existing(guids: readonly string[]): Promise<ReadonlySet<string>> {
    if (guids.length === 0) return new Set();
    const rows = await this.#db
      .selectFrom("users")
      .select("guid")
      .where("guid", "in", guids)
      .execute();
    return new Set(rows.map(({ guid }) => guid));
  }

  async list(
    filter: FilterExpression | undefined,
    page: UserPage,
  ): Promise<{ readonly users: User[]; readonly total: number }> {
    const matching = this.#db
      .selectFrom("users")
      .$if(filter !== undefined, (query) =>
        filter === undefined ? query : query.where(where(filter)),
      );
    const { total } = await matching
      .select(({ fn }) => fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    const direction = page.descending ? "desc" : "asc";
    const rows = await matching
      .selectAll()
      .orderBy(page.sortBy === "created" ? "createdAt" : "userNameKey", direction)
      .orderBy("guid", direction)
      .offset(page.offset)
      .limit(page.limit)
      .execute();
    return { users: await this.#withGroups(rows), total };
  }

  /**
   * Compares and sets: `stale` where the user has another version by now, `taken` where the new name is another user's.
   * One who is made inactive is logged out everywhere.
   */
  async update(
    user: Pick<User, "guid" | "origin" | "version">,
    profile: UserProfile,
    now: number,
  ): Promise<"updated" | "stale" | "taken"> {
    const { isActive, isVerified, ...columns } = profile;
    return this.#db.transaction().execute(async (tx) => {
      const other = await tx
        .selectFrom("users")
        .select("guid")
        .where("userNameKey", "=", userNameKey(profile.userName))
        .where("origin", "=", user.origin)
        .executeTakeFirst();
      if (other !== undefined && other.guid !== user.guid) return "taken";
      const result = await tx
        .updateTable("users")
        .set({
          ...columns,
          userNameKey: userNameKey(profile.userName),
          isActive: isActive ? 1 : 0,
          isVerified: isVerified ? 1 : 0,
          version: user.version + 1,
          updatedAt: now,
        })
        .where("guid", "=", user.guid)
        .where("version", "=", user.version)
        .executeTakeFirst();
      if (result.numUpdatedRows !== 1n) return "stale";
      if (!isActive) await endLogins(tx, user.guid);
      return "updated";
    });
  }

  /** Also ends every login of the user: sessions, those of browsers, and codes. */
  async setPassword(guid: UserGuid, passwordHash: string, now: number): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx
        .updateTable("users")
        .set(({ eb }) => ({
          passwordHash,
          passwordChangedAt: now,
          updatedAt: now,
          version: eb("version", "+", 1),
        }))
        .where("guid", "=", guid)
        .execute();
      await endLogins(tx, guid);
    });
  }

  async addToGroups(guid: UserGuid, groups: readonly string[]): Promise<void> {
    await this.#db
      .insertInto("userGroups")
      .values(groups.map((name) => ({ userGuid: guid, name })))
      .onConflict((conflict) => conflict.columns(["userGuid", "name"]).doNothing())
      .execute();
  }

  /** Sessions and group memberships go with it. */
  async delete(guid: UserGuid): Promise<void> {
    await this.#db.deleteFrom("users").where("guid", "=", guid).execute();
  }

  async #withGroups(rows: readonly Selectable<UaaSchema["users"]>[]): Promise<User[]> {
    if (rows.length === 0) return [];
    const memberships = await this.#db
      .selectFrom("userGroups")
      .innerJoin("groups", "groups.name", "userGroups.name")
      .select(["userGroups.userGuid", "groups.guid", "groups.name"])
      .where(
        "userGuid",
        "in",
        rows.map((row) => row.guid),
      )
      .orderBy("groups.name")
      .execute();
    const of = Map.groupBy(memberships, (membership) => membership.userGuid);
    return rows.map((row) => toUser(row, of.get(row.guid) ?? []));
  }
}

async function endLogins(tx: Kysely<UaaSchema>, guid: UserGuid): Promise<void> {
  await tx.deleteFrom("sessions").where("userGuid", "=", guid).execute();
  await tx.deleteFrom("webSessions").where("userGuid", "=", guid).execute();
  await tx.deleteFrom("oneTimeCodes").where("userGuid", "=", guid).execute();
}

function toUser(
  row: Selectable<UaaSchema["users"]>,
  memberships: readonly { readonly guid: string; readonly name: string }[],
): User {
  const { userNameKey: _key, guid, isActive, isVerified, ...columns } = row;
  return {
    ...columns,
    guid: asGuid<"user">(guid),
    isActive: isActive === 1,
    isVerified: isVerified === 1,
    groups: memberships.map(({ name }) => name),
    memberships: memberships.map((membership) => ({
      guid: membership.guid,
      name: membership.name,
    })),
  };
}
