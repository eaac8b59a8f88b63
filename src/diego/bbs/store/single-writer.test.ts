import assert from "node:assert/strict";
import { test } from "node:test";
import { sql } from "kysely";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { runningOn } from "#diego/models/model-builders.ts";
import type { LrpEvent } from "#diego/models/event.ts";
import { bbsMigrations } from "../migrations/all.ts";
import { actualLrp, actualLrps, insertActualLrp } from "./actual-lrp-table.ts";
import type { BbsSchema } from "./bbs-schema.ts";
import { SingleWriter } from "./single-writer.ts";

async function testWriter() {
  const db = await openDatabase<BbsSchema>(await testDatabase(bbsMigrations), bbsMigrations);
  const events: LrpEvent[] = [];
  const writer = new SingleWriter({
    db,
    lrpEvents: { emit: (event) => void events.push(event) },
    taskEvents: { emit: () => undefined },
  });
  const insert = (index: number) =>
    writer.write(async (tx, changes) => {
      const lrp = runningOn("a", { index });
      await insertActualLrp(tx, lrp);
      changes.lrpEvents.push({ kind: "actual_lrp_instance_created", actualLrp: lrp });
      return index;
    });
  const indexes = async () =>
    (await actualLrps(db, {})).map(({ key }) => key.index).toSorted((a, b) => a - b);
  return { db, events, writer, insert, indexes, [Symbol.asyncDispose]: () => db.destroy() };
}

test("writes that come together are done in their order, and each resolves with its own result", async () => {
  await using bed = await testWriter();

  const results = await Promise.all([bed.insert(0), bed.insert(1), bed.insert(2)]);

  assert.deepEqual(results, [0, 1, 2]);
  assert.deepEqual(await bed.indexes(), [0, 1, 2]);
  assert.deepEqual(
    bed.events.map((event) => "actualLrp" in event && event.actualLrp.key.index),
    [0, 1, 2],
  );
});

test("a write that fails among others leaves nothing of itself, and all of the others", async () => {
  await using bed = await testWriter();

  const outcomes = await Promise.allSettled([
    bed.insert(0),
    bed.insert(1),
    bed.writer.write(async (tx, changes) => {
      const lrp = runningOn("a", { index: 7 });
      await insertActualLrp(tx, lrp);
      changes.lrpEvents.push({ kind: "actual_lrp_instance_created", actualLrp: lrp });
      throw new Error("changed my mind");
    }),
    bed.insert(1),
    bed.insert(2),
  ]);

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "fulfilled", "rejected", "rejected", "fulfilled"],
  );
  assert.deepEqual(await bed.indexes(), [0, 1, 2]);
  assert.equal(bed.events.length, 3);
});

test("a write sees what those before it have written", async () => {
  await using bed = await testWriter();

  const [, found] = await Promise.all([
    bed.insert(4),
    bed.writer.write((tx) => actualLrp(tx, runningOn("a", { index: 4 }).key, "ORDINARY")),
  ]);

  assert.equal(found?.key.index, 4);
});

test("where the commit fails, none of the group has happened and none is told", async () => {
  await using bed = await testWriter();

  // The first is alone: the others come while it is committed.
  const outcomes = await Promise.allSettled([
    bed.insert(0),
    bed.insert(1),
    bed.writer.write(async (tx) => {
      await insertActualLrp(tx, runningOn("a", { index: 9 }));
      // As SQLite does by itself where the disk is full.
      await sql`rollback`.execute(tx);
      throw new Error("disk is full");
    }),
    bed.insert(1),
  ]);

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "rejected", "rejected"],
  );
  assert.equal(await bed.insert(2), 2);
  assert.deepEqual(await bed.indexes(), [0, 2]);
});
