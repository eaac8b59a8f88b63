import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { openDatabase } from "./open-database.ts";

interface Schema {
  things: { id: number };
}

test("what was committed reaches the file without a commit that waits for it, and nothing is lost", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "rivera-checkpoints-"));
  const file = path.join(directory, "test.sqlite");
  /** What the file has without its log: what a checkpoint has copied. */
  const inFile = () => {
    const copy = path.join(directory, "copy.sqlite");
    copyFileSync(file, copy);
    try {
      using database = new DatabaseSync(copy);
      return Number(database.prepare("select count(*) as count from things").get()?.["count"]);
    } catch {
      // Copied in the middle of a checkpoint.
      return undefined;
    }
  };
  const reaches = async (count: number) => {
    for (let round = 0; inFile() !== count; round += 1) {
      assert.ok(round < 3_000, `the file has ${inFile()} rows, not ${count}`);
      await systemClock.sleep(20);
    }
  };
  const db = await openDatabase<Schema>({ path: file }, {});
  await sql`create table things (id integer)`.execute(db);
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
  const add = (count: number) =>
    sql`insert into things select value from json_each(${JSON.stringify(Array(count).fill(1))})`;
  await add(10).execute(db);
  const atFirst = inFile();

  await db.transaction().execute((tx) => add(400).execute(tx));
  await reaches(410);
  await add(400).execute(db);
  await reaches(810);
  await add(5).execute(db);
  await db.destroy();

  // The thread may hold it until it has ended.
  using after = new DatabaseSync(file, { timeout: 5_000 });
  assert.equal(atFirst, 0);
  assert.equal(after.prepare("select count(*) as count from things").get()?.["count"], 815);
  rmSync(directory, { recursive: true });
});
