import type { Kysely, Selectable } from "kysely";
import { asGuid, type Guid } from "#kernel/guid.ts";
import type { UaaSchema } from "../database/schema.ts";

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
  /** Scopes that this user may be granted. */
  readonly groups: readonly string[];
}

export type NewUser = Pick<
  User,
  "guid" | "userName" | "origin" | "email" | "givenName" | "familyName" | "passwordHash" | "groups"
>;

export interface UserFilter {
  readonly guid?: string;
  readonly userName?: string;
  readonly origin?: string;
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
    return (await this.#load({ userName, origin }, { offset: 0, limit: 1 })).at(0);
  }

  async byGuid(guid: string): Promise<User | undefined> {
    return (await this.#load({ guid }, { offset: 0, limit: 1 })).at(0);
  }

  async list(
    filter: UserFilter,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly users: User[]; readonly total: number }> {
    const { total } = await this.#matching(filter)
      .select(({ fn }) => fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    return { users: await this.#load(filter, page), total };
  }

  /** Also ends every session of the user. */
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
      await tx.deleteFrom("sessions").where("userGuid", "=", guid).execute();
    });
  }

  async setGroups(guid: UserGuid, groups: readonly string[]): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx.deleteFrom("userGroups").where("userGuid", "=", guid).execute();
      const rows = groups.map((name) => ({ userGuid: guid, name }));
      if (rows.length > 0) await tx.insertInto("userGroups").values(rows).execute();
    });
  }

  /** Sessions and group memberships go with it. */
  async delete(guid: UserGuid): Promise<void> {
    await this.#db.deleteFrom("users").where("guid", "=", guid).execute();
  }

  #matching(filter: UserFilter) {
    let query = this.#db.selectFrom("users");
    if (filter.guid !== undefined) query = query.where("guid", "=", filter.guid);
    if (filter.origin !== undefined) query = query.where("origin", "=", filter.origin);
    if (filter.userName !== undefined) {
      query = query.where("userNameKey", "=", userNameKey(filter.userName));
    }
    return query;
  }

  async #load(
    filter: UserFilter,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<User[]> {
    const rows = await this.#matching(filter)
      .selectAll()
      .orderBy("userNameKey")
      .orderBy("origin")
      .offset(page.offset)
      .limit(page.limit)
      .execute();
    if (rows.length === 0) return [];
    const guids = rows.map((row) => row.guid);
    const memberships = await this.#db
      .selectFrom("userGroups")
      .selectAll()
      .where("userGuid", "in", guids)
      .orderBy("name")
      .execute();
    const groupsOf = Map.groupBy(memberships, (membership) => membership.userGuid);
    return rows.map((row) =>
      toUser(
        row,
        (groupsOf.get(row.guid) ?? []).map(({ name }) => name),
      ),
    );
  }
}

function toUser(row: Selectable<UaaSchema["users"]>, groups: readonly string[]): User {
  const { userNameKey: _key, guid, ...columns } = row;
  return { ...columns, guid: asGuid<"user">(guid), groups };
}
