import assert from "node:assert/strict";
import { test } from "node:test";
import { sql, type Kysely } from "kysely";
import { openDatabase } from "#db/open-database.ts";
import { nameKeys } from "./0123-name-keys.ts";

/** Of the tables before it, what this migration reads and changes. */
const before = {
  async up(db: Kysely<unknown>) {
    for (const table of ["organization_quotas", "organizations", "isolation_segments"]) {
      await sql`create table ${sql.table(table)} (id integer primary key, guid text, name text)`.execute(
        db,
      );
    }
    for (const table of ["spaces", "space_quotas"]) {
      await sql`create table ${sql.table(table)}
        (id integer primary key, guid text, name text, organization_guid text)`.execute(db);
    }
    await sql`create table apps (id integer primary key, guid text, name text, space_guid text)`.execute(
      db,
    );
    await sql`create table users (id integer primary key, guid text, username text)`.execute(db);
    await sql`create index space_quotas_name on space_quotas (name)`.execute(db);
    await sql`create index isolation_segments_name on isolation_segments (name)`.execute(db);
    await sql`create index users_by_lower_username on users (username)`.execute(db);
    await sql`insert into users (guid, username) values ('u', '\u00c9cole'), ('client', null)`.execute(
      db,
    );
    await sql`insert into apps (guid, name, space_guid) values
      ('first', 'caf\u00e9', 's'), ('second', 'CAF\u00c9', 's'), ('elsewhere', 'Caf\u00c9', 't')`.execute(
      db,
    );
  },
};

test("what SQLite let in as two names stays, the older one found by the name", async () => {
  await using db = await openDatabase<{
    apps: { guid: string; nameKey: string };
    users: { guid: string; usernameKey: string };
  }>({ path: ":memory:" }, { "0001-before": before, "0123-name-keys": nameKeys });

  const apps = await db.selectFrom("apps").select(["guid", "nameKey"]).orderBy("guid").execute();
  const users = await db.selectFrom("users").select("usernameKey").orderBy("guid").execute();

  assert.deepEqual(apps, [
    { guid: "elsewhere", nameKey: "caf\u00e9" },
    { guid: "first", nameKey: "caf\u00e9" },
    { guid: "second", nameKey: "caf\u00e9/second" },
  ]);
  assert.deepEqual(users, [{ usernameKey: "" }, { usernameKey: "\u00e9cole" }]);
});
