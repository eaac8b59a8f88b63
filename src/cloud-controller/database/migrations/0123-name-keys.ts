import { sql, SqliteAdapter, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { nameKey } from "../name-key.ts";
import { createIndex } from "./0001-core.ts";

/** Where a name is unique, and the constraint that has kept it so on PostgreSQL, by a rule of its own. */
const tables = [
  { table: "organization_quotas", scope: undefined, constraint: "organization_quotas_name_key" },
  { table: "organizations", scope: undefined, constraint: "organizations_name_key" },
  { table: "spaces", scope: "organization_guid", constraint: "spaces_name" },
  { table: "apps", scope: "space_guid", constraint: "apps_name" },
  { table: "space_quotas", scope: "organization_guid", constraint: undefined },
  { table: "isolation_segments", scope: undefined, constraint: undefined },
] as const;

/** Names are compared by a key, the same on every database (`name-key.ts`). */
export const nameKeys: Migration = {
  async up(db: Kysely<unknown>) {
    for (const { table, scope, constraint } of tables) {
      await addKeys(db, { table, column: "name", scope });
      if (constraint !== undefined) await dropConstraint(db, table, constraint);
      await db.schema
        .createIndex(`${table}_named_once`)
        .on(table)
        .unique()
        .columns([...(scope === undefined ? [] : [scope]), "name_key"])
        .execute();
    }
    for (const index of ["space_quotas_name", "isolation_segments_name"]) {
      await db.schema.dropIndex(index).execute();
    }
    await addKeys(db, { table: "users", column: "username", scope: "guid" });
    await db.schema.dropIndex("users_by_lower_username").execute();
    await createIndex(db, "users", ["username_key"]);
  },
};

async function addKeys(
  db: Kysely<unknown>,
  names: { readonly table: string; readonly column: string; readonly scope: string | undefined },
): Promise<void> {
  const { table, column } = names;
  const key = `${column}_key`;
  await db.schema
    .alterTable(table)
    .addColumn(key, "text", (added) => added.notNull().defaultTo(""))
    .execute();
  const scope = names.scope === undefined ? sql`''` : sql.ref(names.scope);
  const { rows } = await sql<{ guid: string; name: string | null; scope: string }>`
    select guid, ${sql.ref(column)} as name, ${scope} as scope from ${sql.table(table)} order by id
  `.execute(db);
  const taken = new Set<string>();
  for (const { guid, name, scope: place } of rows) {
    const wanted = nameKey(name ?? "");
    // SQLite has let in what is one name now: the later one keeps its name, and is found by its guid until it is renamed.
    const free = taken.has(`${place}/${wanted}`) ? `${wanted}/${guid}` : wanted;
    taken.add(`${place}/${free}`);
    await sql`update ${sql.table(table)} set ${sql.ref(key)} = ${free} where guid = ${guid}`.execute(
      db,
    );
  }
}

/** SQLite drops no constraints; its own folds ASCII alone, and so refuses nothing that the key would let in. */
async function dropConstraint(
  db: Kysely<unknown>,
  table: string,
  constraint: string,
): Promise<void> {
  if (db.getExecutor().adapter instanceof SqliteAdapter) return;
  await db.schema.alterTable(table).dropConstraint(constraint).execute();
}
