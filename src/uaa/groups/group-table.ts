import type { Kysely, Selectable } from "kysely";
import type { GuidSource } from "#kernel/guid.ts";
import type { UaaSchema } from "../database/schema.ts";
import { where, type FilterColumns, type FilterExpression } from "../scim/filter-expression.ts";

/** A group is a scope: its members may be granted it. */
export type Group = Selectable<UaaSchema["groups"]>;

export interface GroupMember {
  readonly userGuid: string;
  readonly origin: string;
}

export const groupFilterColumns: FilterColumns = {
  id: { column: "guid", kind: "text" },
  displayname: { column: "name", kind: "text" },
};

export class GroupTable {
  readonly #db: Kysely<UaaSchema>;

  constructor(db: Kysely<UaaSchema>) {
    this.#db = db;
  }

  /** Makes those that are missing. */
  async ensure(
    groups: Readonly<Record<string, string>>,
    guids: GuidSource,
    now: number,
  ): Promise<void> {
    const rows = Object.entries(groups).map(([name, description]) => ({
      guid: guids(),
      name,
      description,
      version: 0,
      createdAt: now,
      updatedAt: now,
    }));
    await this.#db
      .insertInto("groups")
      .values(rows)
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
  }

  find(guid: string): Promise<Group | undefined> {
    return this.#db.selectFrom("groups").selectAll().where("guid", "=", guid).executeTakeFirst();
  }

  async list(
    filter: FilterExpression | undefined,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly groups: Group[]; readonly total: number }> {
    const matching = this.#db
      .selectFrom("groups")
      .$if(filter !== undefined, (query) =>
        filter === undefined ? query : query.where(where(filter)),
      );
    const { total } = await matching
      .select(({ fn }) => fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    const groups = await matching
      .selectAll()
      .orderBy("name")
      .offset(page.offset)
      .limit(page.limit)
      .execute();
    return { groups, total };
  }

  /** False where the name is taken. */
  async insert(
    group: Pick<Group, "guid" | "name" | "description">,
    members: readonly string[],
    now: number,
  ): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      const result = await tx
        .insertInto("groups")
        .values({ ...group, version: 0, createdAt: now, updatedAt: now })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .executeTakeFirst();
      if (result.numInsertedOrUpdatedRows !== 1n) return false;
      await addMembers(tx, group.name, members);
      return true;
    });
  }

  /** Sets description and members; undefined members stay. False where the group has another version by now. */
  async update(
    group: Group,
    change: { readonly description: string; readonly members: readonly string[] | undefined },
    now: number,
  ): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      const result = await tx
        .updateTable("groups")
        .set({ description: change.description, version: group.version + 1, updatedAt: now })
        .where("guid", "=", group.guid)
        .where("version", "=", group.version)
        .executeTakeFirst();
      if (result.numUpdatedRows !== 1n) return false;
      if (change.members === undefined) return true;
      await tx.deleteFrom("userGroups").where("name", "=", group.name).execute();
      await addMembers(tx, group.name, change.members);
      return true;
    });
  }

  async delete(group: Group): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx.deleteFrom("userGroups").where("name", "=", group.name).execute();
      await tx.deleteFrom("groups").where("guid", "=", group.guid).execute();
    });
  }

  /** Of those groups, by name. */
  async membersOf(names: readonly string[]): Promise<ReadonlyMap<string, readonly GroupMember[]>> {
    if (names.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom("userGroups")
      .innerJoin("users", "users.guid", "userGroups.userGuid")
      .select(["userGroups.name", "userGroups.userGuid", "users.origin"])
      .where("userGroups.name", "in", names)
      .orderBy("userGroups.userGuid")
      .execute();
    return Map.groupBy(rows, (row) => row.name);
  }

  async member(group: Group, userGuid: string): Promise<GroupMember | undefined> {
    return this.#db
      .selectFrom("userGroups")
      .innerJoin("users", "users.guid", "userGroups.userGuid")
      .select(["userGroups.userGuid", "users.origin"])
      .where("userGroups.name", "=", group.name)
      .where("userGroups.userGuid", "=", userGuid)
      .executeTakeFirst();
  }

  /** False where the user is in it already. */
  async addMember(group: Group, userGuid: string): Promise<boolean> {
    const result = await this.#db
      .insertInto("userGroups")
      .values({ userGuid, name: group.name })
      .onConflict((conflict) => conflict.columns(["userGuid", "name"]).doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  async removeMember(group: Group, userGuid: string): Promise<void> {
    await this.#db
      .deleteFrom("userGroups")
      .where("name", "=", group.name)
      .where("userGuid", "=", userGuid)
      .execute();
  }
}

async function addMembers(
  tx: Kysely<UaaSchema>,
  name: string,
  members: readonly string[],
): Promise<void> {
  const rows = [...new Set(members)].map((userGuid) => ({ userGuid, name }));
  if (rows.length > 0) await tx.insertInto("userGroups").values(rows).execute();
}
