import assert from "node:assert/strict";
import { test } from "node:test";
import { sql, type Kysely } from "kysely";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import type { Schema } from "../schema.ts";
import { resourcePacks } from "./0070-resource-packs.ts";
import { resourceSizes } from "./0084-resource-sizes.ts";

const before = {
  async up(db: Kysely<unknown>) {
    await sql`create table resources (pack_guid text, created_at text)`.execute(db);
  },
};

const filled = {
  async up(db: Kysely<unknown>) {
    await sql`insert into resource_packs values ('pack', 'SEALED', 7, 7, '')`.execute(db);
    await sql`insert into resource_files values ('b', 7, 'pack', 0, 7, 0, 1, '')`.execute(db);
    await sql`insert into resources values ('a', 'org', 'b', 7, 9)`.execute(db);
  },
};

test("what the resource cache holds is there after its key has changed, and still goes with its content", async () => {
  const migrations = {
    "0001-before": before,
    "0070-resource-packs": resourcePacks,
    "0071-filled": filled,
    "0084-resource-sizes": resourceSizes,
  };
  await using db = await openDatabase<Pick<Schema, "resources" | "resourceFiles">>(
    await testDatabase(migrations),
    migrations,
  );

  const rows = await db.selectFrom("resources").selectAll().execute();
  await db.deleteFrom("resourceFiles").execute();
  const left = await db.selectFrom("resources").selectAll().execute();

  assert.deepEqual(rows, [
    { sha1: "a", organizationGuid: "org", sha256: "b", size: 7, modified: 9 },
  ]);
  assert.deepEqual(left, []);
});
