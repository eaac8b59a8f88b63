import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import { openDatabase } from "./open-database.ts";
import { soonDurable } from "./soon-durable.ts";
import { testDatabase } from "./testing/test-database.ts";

interface Schema {
  things: { id: number };
}

test("a transaction that is soon durable commits or rolls back whole, and the next one waits for the disk again", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "rivera-soon-"));
  const config = await testDatabase({}, path.join(directory, "db"));
  const db = await openDatabase<Schema>(config, {});
  await sql`create table things (id integer)`.execute(db);
  const isSqlite = "path" in config;
  const care = async () => {
    const { rows } = await sql<{ value: unknown }>`${sql.raw(
      isSqlite
        ? "select synchronous as value from pragma_synchronous"
        : "select current_setting('synchronous_commit') as value",
    )}`.execute(db);
    return rows[0]?.value;
  };
  const before = await care();

  const answer = await soonDurable(db, async (tx) => {
    await tx.insertInto("things").values({ id: 1 }).execute();
    return "done";
  });
  await assert.rejects(
    soonDurable(db, async (tx) => {
      await tx.insertInto("things").values({ id: 2 }).execute();
      throw new Error("changed my mind");
    }),
    /changed my mind/,
  );
  const rows = await db.selectFrom("things").selectAll().execute();

  assert.equal(answer, "done");
  assert.deepEqual(rows, [{ id: 1 }]);
  if (isSqlite) assert.equal(before, 2);
  assert.equal(await care(), before);
  await db.destroy();
  rmSync(directory, { recursive: true });
});
