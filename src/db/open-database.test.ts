import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import type { Generated } from "kysely";
import type { Migration } from "kysely/migration";
import { whyUnavailable } from "./database-error.ts";
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

test("a database of a later version is refused, and nothing of it is touched", async () => {
  using dir = scratch();
  const later: Migration = {
    up: (db) => db.schema.alterTable("apps").addColumn("note", "text").execute(),
  };
  const newer = await openDatabase<Schema>(
    { path: dir.file },
    { "0001": first, "0002-note": later },
  );
  await newer.destroy();

  const tooOld = openDatabase<Schema>({ path: dir.file }, { "0001": first });
  await assert.rejects(tooOld, /test\.sqlite".* by a later version of Rivera.* \(0002-note\)/);

  const again = await openDatabase<Schema>(
    { path: dir.file },
    { "0001": first, "0002-note": later },
  );
  await again.insertInto("apps").values({ appGuid: "a", isOn: 1 }).execute();
  await again.destroy();
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

test("a transaction that finds the disk full says so, leaves nothing, and the next may work", async () => {
  const db = await openDatabase<Schema>({ path: ":memory:" }, { "0001": first });
  const add = (appGuid: string) =>
    db.transaction().execute(async (tx) => {
      await tx.insertInto("apps").values({ appGuid, isOn: 1 }).execute();
    });
  await sql`pragma max_page_count = 1`.execute(db);

  const refusal: unknown = await add("x".repeat(100_000)).catch((error: unknown) => error);
  await add("small");
  const rows = await db.selectFrom("apps").select("appGuid").execute();
  await db.destroy();

  assert.equal(whyUnavailable(refusal), "no space is left on the disk of the database");
  assert.deepEqual(rows, [{ appGuid: "small" }]);
});

test("what another process has locked is told from a fault of ours", async () => {
  using dir = scratch();
  const db = await openDatabase<Schema>({ path: dir.file }, { "0001": first });
  const other = await openDatabase<Schema>({ path: dir.file }, { "0001": first });
  await sql`pragma busy_timeout = 0`.execute(db);

  const refusal: unknown = await other.transaction().execute(async (tx) => {
    await tx.insertInto("apps").values({ appGuid: "a", isOn: 1 }).execute();
    return await db
      .insertInto("apps")
      .values({ appGuid: "b", isOn: 1 })
      .execute()
      .catch((error: unknown) => error);
  });
  const fault: unknown = await sql`select * from nothing`
    .execute(db)
    .catch((error: unknown) => error);
  await Promise.all([db.destroy(), other.destroy()]);

  assert.equal(whyUnavailable(refusal), "the database is locked by another process");
  assert.equal(whyUnavailable(fault), undefined);
});

test("a file that is no database is named", async () => {
  using dir = scratch();
  writeFileSync(dir.file, "garbage".repeat(1_000));

  await assert.rejects(openDatabase({ path: dir.file }, { "0001": first }), (error: Error) => {
    assert.ok(error.message.includes(`"${dir.file}": file is not a database`), error.message);
    return true;
  });
});
