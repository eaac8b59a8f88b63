import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { sql, type Generated, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { describeDatabase } from "./database-config.ts";
import { isUniqueViolation, whyUnavailable } from "./database-error.ts";
import { openDatabase } from "./open-database.ts";
import { postgresServer, testDatabase, testPostgres } from "./testing/test-database.ts";

interface Schema {
  things: {
    id: Generated<number>;
    name: string;
    size: number | null;
    plain: string;
    bytes: Uint8Array | null;
  };
}

/** With what our own migrations use of SQLite's words. */
const migrations: Readonly<Record<string, Migration>> = {
  "0001": {
    async up(db) {
      await db.schema
        .createTable("things")
        .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
        .addColumn("name", sql`text collate nocase`, (column) => column.notNull().unique())
        .addColumn("size", "integer")
        .addColumn("plain", "text", (column) => column.notNull())
        .addColumn("bytes", "blob")
        .execute();
      await sql`create unique index things_once on things (plain, ifnull(size, -1))`.execute(db);
    },
  },
};

// The same on both: what a store relies on, whatever it runs on.

async function open() {
  const db = await openDatabase<Schema>(await testDatabase(migrations), migrations);
  const add = (name: string, more: { size?: number; plain?: string; bytes?: Uint8Array } = {}) =>
    db
      .insertInto("things")
      .values({
        name,
        size: more.size ?? null,
        plain: more.plain ?? name,
        bytes: more.bytes ?? null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  return { db, add, [Symbol.asyncDispose]: () => db.destroy() };
}

test("rows have the same values on either engine: numbers, bytes, ids that count up", async () => {
  await using parts = await open();
  const bytes = Uint8Array.of(0, 255, 7);

  const first = await parts.add("a", { size: Number.MAX_SAFE_INTEGER, bytes });
  const second = await parts.add("b", { plain: "é\u{1f600}" });
  const sums = await parts.db
    .selectFrom("things")
    .select((eb) => [
      eb.fn.countAll().as("count"),
      eb.fn.sum("size").as("sum"),
      sql`name = 'A'`.as("isA"),
    ])
    .groupBy("name")
    .orderBy("name")
    .execute();

  assert.deepEqual(
    { ...first, bytes: [...(first.bytes ?? [])] },
    {
      id: 1,
      name: "a",
      size: Number.MAX_SAFE_INTEGER,
      plain: "a",
      bytes: [0, 255, 7],
    },
  );
  assert.deepEqual(second, { id: 2, name: "b", size: null, plain: "é\u{1f600}", bytes: null });
  assert.deepEqual(sums, [
    { count: 1, sum: Number.MAX_SAFE_INTEGER, isA: 1 },
    { count: 1, sum: null, isA: 0 },
  ]);
});

test("transactions that look and then write come one after the other, also of several processes", async () => {
  const config = await testDatabase(migrations);
  const count = "path" in config ? 1 : 3;
  const processes = await Promise.all(
    Array.from({ length: count }, () => openDatabase<Schema>(config, migrations)),
  );
  const countUp = (db: Kysely<Schema>) =>
    db.transaction().execute(async (tx) => {
      const found = await tx.selectFrom("things").select("size").executeTakeFirst();
      const size = (found?.size ?? 0) + 1;
      await tx
        .insertInto("things")
        .values({ name: "counter", size, plain: "p", bytes: null })
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ size }))
        .execute();
      return size;
    });

  const seen = await Promise.all(
    Array.from({ length: 10 }, () => processes.map((db) => countUp(db))).flat(),
  );

  await Promise.all(processes.map((db) => db.destroy()));
  assert.deepEqual(
    seen.toSorted((one, other) => one - other),
    Array.from({ length: 10 * count }, (_, index) => index + 1),
  );
});

test("text with a NUL finds nothing and does no harm", async () => {
  await using parts = await open();
  await parts.add("a");

  const found = await parts.db
    .selectFrom("things")
    .select("id")
    .where("name", "=", "a\0")
    .execute();

  assert.deepEqual(found, []);
});

test("names compare without regard to case, other text by its bytes", async () => {
  await using parts = await open();
  await parts.add("Web", { plain: "b" });
  await parts.add("api", { plain: "B" });

  const named = await parts.db
    .selectFrom("things")
    .select("plain")
    .where(sql<boolean>`name in (select value from json_each(${JSON.stringify(["WEB", "x"])}))`)
    .execute();
  const ordered = await parts.db.selectFrom("things").select("plain").orderBy("plain").execute();
  const taken: unknown = await parts.add("wEB", { plain: "c" }).catch((error: unknown) => error);
  const twice: unknown = await parts.add("x", { plain: "b" }).catch((error: unknown) => error);
  const refused: unknown = await parts.db
    .insertInto("things")
    .values({ name: "y", size: null, plain: sql<string>`null`, bytes: null })
    .execute()
    .catch((error: unknown) => error);

  assert.deepEqual(named, [{ plain: "b" }]);
  assert.deepEqual(ordered, [{ plain: "B" }, { plain: "b" }]);
  assert.ok(isUniqueViolation(taken));
  assert.ok(isUniqueViolation(twice));
  assert.equal(isUniqueViolation(refused), false);
  assert.equal(whyUnavailable(refused), undefined);
});

test("of two writers of one name at once, one gets it and one is told", async () => {
  const config = await testDatabase(migrations);
  await using one = await openDatabase<Schema>(config, migrations);
  const add = (size: number) =>
    one.transaction().execute(async (tx) => {
      const rows = await tx.selectFrom("things").select("id").where("name", "=", "n").execute();
      await tx.insertInto("things").values({ name: "n", size, plain: "p", bytes: null }).execute();
      return rows.length;
    });

  const outcomes = await Promise.allSettled([add(1), add(2), add(3)]);

  const refusals = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  assert.equal(refusals.length, 2);
  assert.ok(refusals.every(isUniqueViolation));
});

const server = postgresServer();
const onlyOnPostgres = {
  skip: server === undefined ? "there is no PostgreSQL (RIVERA_POSTGRES_SERVER)" : false,
};

test(
  "processes that open a new database at once all find it migrated",
  onlyOnPostgres,
  async () => {
    const config = await testPostgres(server ?? "", {});
    const opened = await Promise.all(
      Array.from({ length: 3 }, () => openDatabase<Schema>(config, migrations)),
    );

    const counts = await Promise.all(
      opened.map((db) => db.selectFrom("things").select("id").execute()),
    );
    await Promise.all(opened.map((db) => db.destroy()));

    assert.deepEqual(counts, [[], [], []]);
  },
);

test("a connection is used again after a quiet minute", onlyOnPostgres, async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const config = await testPostgres(server ?? "", migrations);
  await using db = await openDatabase<Schema>(config, migrations);
  const backend = async () => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    return rows[0]?.pid;
  };

  const before = await backend();
  t.mock.timers.tick(60_000);

  assert.equal(await backend(), before);
});

test(
  "a connection that the server ends is told as such, and the next query gets another",
  onlyOnPostgres,
  async () => {
    const config = await testPostgres(server ?? "", migrations);
    await using db = await openDatabase<Schema>(config, migrations);

    const refusal: unknown = await db
      .transaction()
      .execute(async (tx) => {
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
        await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db);
        await sql`select 1`.execute(tx);
      })
      .catch((error: unknown) => error);

    assert.match(whyUnavailable(refusal) ?? "", /stopping or starting|does not answer/);
    assert.deepEqual(await db.selectFrom("things").select("id").execute(), []);
  },
);

test(
  "a statement that comes again is prepared once, and outlives a change of its table",
  onlyOnPostgres,
  async () => {
    const config = await testPostgres(server ?? "", migrations);
    await using db = await openDatabase<Schema>(config, migrations);
    await using other = await openDatabase<Schema>(config, migrations);
    const readAll = () => db.selectFrom("things").selectAll().where("size", "=", 1).execute();
    const prepared = async () => {
      const { rows } = await sql<{
        statement: string;
      }>`select statement from pg_prepared_statements`.execute(db);
      return rows.filter(({ statement }) => statement.includes("things")).length;
    };
    const values = { name: "a", size: 1, plain: "a", bytes: null };
    await db.insertInto("things").values(values).execute();
    await readAll();
    const afterOne = await prepared();
    for (let round = 0; round < 8; round += 1) await readAll();
    const afterMany = await prepared();

    await other.schema.alterTable("things").addColumn("note", "text").execute();
    const rows = await readAll();
    const afterwards = await prepared();

    assert.deepEqual([afterOne, afterMany, afterwards], [0, 1, 0]);
    assert.deepEqual(rows, [{ id: 1, ...values, note: null }]);
  },
);

test(
  "a connection keeps a few hundred statements at most, then another takes its place",
  onlyOnPostgres,
  async () => {
    const config = await testPostgres(server ?? "", {});
    await using db = await openDatabase<Schema>({ ...config, connections: 1 }, {});
    const counts: number[] = [];
    for (let statement = 0; statement < 350; statement += 1) {
      const text = sql<{ count: number }>`select ${sql.raw(String(statement))}
        + count(*) - ${statement}::bigint as count from pg_prepared_statements`;
      await text.execute(db);
      const { rows } = await text.execute(db);
      counts.push(rows[0]?.count ?? -1);
    }

    const most = Math.max(...counts);
    assert.ok(most >= 200 && most <= 300, `${most} at most`);
    assert.ok(
      counts.slice(most).some((count) => count < 50),
      "the last ones are of another connection",
    );
  },
);

test("a server that is not there is named, without its password", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  const config = { url: `postgres://me:secret@127.0.0.1:${port}/cf`, schema: "uaa" };

  const refusal: unknown = await openDatabase(config, migrations).catch((error: unknown) => error);

  assert.ok(refusal instanceof Error);
  assert.match(refusal.message, /"postgres:\/\/me@127\.0\.0\.1:\d+\/cf" \(schema uaa\)/);
  assert.match(refusal.message, /does not answer \(connect ECONNREFUSED/);
  assert.doesNotMatch(refusal.message, /secret/);
  assert.doesNotMatch(describeDatabase(config), /secret/);
});

test("the end of a name is found without regard to case, a part of other text by instr()", async () => {
  await using parts = await open();
  await parts.add("Api.Example.com", { plain: "aBc" });
  const endsWith = (end: string) =>
    sql`lower(substr(name, length(name) - ${end.length} + 1)) = ${end.toLowerCase()}`;

  const found = await parts.db
    .selectFrom("things")
    .select([
      endsWith(".example.COM").as("ends"),
      endsWith(".example").as("other"),
      endsWith("a-longer-api.example.com").as("longer"),
      sql`instr(plain, 'Bc')`.as("at"),
      sql`instr(plain, 'bc')`.as("none"),
    ])
    .executeTakeFirstOrThrow();

  assert.deepEqual(found, { ends: 1, other: 0, longer: 0, at: 2, none: 0 });
});
