import assert from "node:assert/strict";
import { test } from "node:test";
import { sql, type Kysely } from "kysely";
import { openDatabase } from "#db/open-database.ts";
import type { Schema } from "../schema.ts";
import { sidecars } from "./0010-sidecars.ts";

/** Of the tables before it, what this migration reads. */
const before = {
  async up(db: Kysely<unknown>) {
    await sql`create table apps (guid text unique, droplet_guid text)`.execute(db);
    await sql`create table droplets (guid text, created_at text, sidecars text)`.execute(db);
    await sql`insert into apps values ('app', 'new'), ('other', 'plain')`.execute(db);
    const agent = { name: "agent", command: "./agent", processTypes: ["web"], memoryInMb: 32 };
    for (const [guid, stored] of [
      ["old", [{ ...agent, name: "of another time" }]],
      ["new", [agent]],
      ["plain", []],
    ] as const) {
      await sql`insert into droplets values
        (${guid}, '2026-01-01T00:00:00.000Z', ${JSON.stringify(stored)})`.execute(db);
    }
  },
};

test("an app that runs with the sidecars of its current droplet keeps them", async () => {
  await using db = await openDatabase<Pick<Schema, "sidecars">>(
    { path: ":memory:" },
    { "0001-before": before, "0010-sidecars": sidecars },
  );

  const rows = await db.selectFrom("sidecars").selectAll().execute();

  assert.deepEqual(
    rows.map(({ id: _id, guid: _guid, ...row }) => row),
    [
      {
        appGuid: "app",
        name: "agent",
        command: "./agent",
        processTypes: '["web"]',
        memoryInMb: 32,
        origin: "buildpack",
        createdAt: "2026-01-01T00:00:00.000Z",
        updatedAt: "2026-01-01T00:00:00.000Z",
      },
    ],
  );
});
