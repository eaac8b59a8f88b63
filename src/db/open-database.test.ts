import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { Generated } from "kysely";
import type { Migration } from "kysely/migration";
import { openDatabase } from "./open-database.ts";

interface Schema {
  apps: { id: Generated<number>; appGuid: string; isOn: number };
}

const first: Migration = {
  async up(db) {
    await db.schema
      .createTable("apps")
      .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
      .addColumn("app_guid", "text", (column) => column.notNull().unique())
      .addColumn("is_on", "integer", (column) => column.notNull())
      .execute();
  },
};

function scratch(): Disposable & { readonly file: string } {
  const directory = mkdtempSync(path.join(tmpdir(), "rivera-db-"));
  return {
    file: path.join(directory, "test.sqlite"),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

test("openDatabase() migrates once, maps names, and what was written is there when opened again", async () => {
  using dir = scratch();
  const db = await openDatabase<Schema>({ path: dir.file }, { "0001": first });
  const inserted = await db
    .insertInto("apps")
    .values({ appGuid: "a", isOn: 1 })
    .returning("id")
    .executeTakeFirstOrThrow();
  await db.destroy();

  const again = await openDatabase<Schema>({ path: dir.file }, { "0001": first });
  const rows = await again.selectFrom("apps").selectAll().execute();
  await again.destroy();

  assert.deepEqual(rows, [{ id: inserted.id, appGuid: "a", isOn: 1 }]);
});

test("a transaction that throws leaves nothing", async () => {
  const db = await openDatabase<Schema>({ path: ":memory:" }, { "0001": first });
  await assert.rejects(
    db.transaction().execute(async (tx) => {
      await tx.insertInto("apps").values({ appGuid: "a", isOn: 0 }).execute();
      throw new Error("changed my mind");
    }),
    /changed my mind/,
  );

  const rows = await db.selectFrom("apps").selectAll().execute();
  await db.destroy();

  assert.deepEqual(rows, []);
});

test("openDatabase() names the database that a migration failed on", async () => {
  const broken: Migration = {
    up: () => Promise.reject(new Error("no such table")),
  };

  await assert.rejects(openDatabase({ path: ":memory:" }, { "0001": broken }), /":memory:"/);
});

test("a statement that failed, or whose table has changed since, runs again as if it were new", async () => {
  const db = await openDatabase<Schema>({ path: ":memory:" }, { "0001": first });
  const insert = (appGuid: string) =>
    db.insertInto("apps").values({ appGuid, isOn: 1 }).returning("appGuid").execute();
  const readAll = () => db.selectFrom("apps").selectAll().execute();
  await insert("a");
  await assert.rejects(insert("a"), /UNIQUE/);
  const before = await readAll();

  const again = await insert("b");
  await db.schema.alterTable("apps").addColumn("note", "text").execute();
  const after = await readAll();
  await db.destroy();

  assert.deepEqual(again, [{ appGuid: "b" }]);
  assert.deepEqual(before, [{ id: 1, appGuid: "a", isOn: 1 }]);
  assert.deepEqual(after, [
    { id: 1, appGuid: "a", isOn: 1, note: null },
    { id: 2, appGuid: "b", isOn: 1, note: null },
  ]);
});
