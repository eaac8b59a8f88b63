import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import type { PostgresConfig } from "./database-config.ts";
import { DatabaseTaken, holdDatabase } from "./hold-database.ts";
import { postgresServer, testPostgres } from "./testing/test-database.ts";

const server = postgresServer();
const onlyOnPostgres = {
  skip: server === undefined ? "there is no PostgreSQL (RIVERA_POSTGRES_SERVER)" : false,
};

/** A platform that finds out at once whether the database is free. */
function platform(config: PostgresConfig) {
  const logger = new RecordingLogger();
  const taken = Promise.withResolvers<Error>();
  const options = { clock: systemClock, logger, onTaken: taken.resolve, patienceMs: 0 };
  return { hold: () => holdDatabase(config, options), logger, taken: taken.promise };
}

async function connect(config: PostgresConfig): Promise<Client> {
  const client = new Client(config.url);
  await client.connect();
  return client;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries += 1) {
    assert.ok(tries < 1_000, "it did not come to that");
    await sleep(10);
  }
}

const endHolder = `select pg_terminate_backend(pid) from pg_locks
  where locktype = 'advisory' and granted and classid = ${0x52495645}
    and database = (select oid from pg_database where datname = current_database())`;

test(
  "of two platforms on a database the second is told who runs on it",
  onlyOnPostgres,
  async () => {
    const config = await testPostgres(server ?? "", {});
    const elsewhere = await testPostgres(server ?? "", {});
    const first = await platform(config).hold();

    const refusal: unknown = await platform(config)
      .hold()
      .catch((error: unknown) => error);
    await using _other = await platform(elsewhere).hold();
    await first[Symbol.asyncDispose]();
    await using _next = await platform(config).hold();

    assert.ok(refusal instanceof DatabaseTaken);
    assert.match(
      refusal.message,
      new RegExp(`: process ${process.pid} on \\S+ runs a platform on it`),
    );
    assert.doesNotMatch(refusal.message, /:[^/@]+@/);
  },
);

test("a platform waits a while for the one before", onlyOnPostgres, async () => {
  const config = await testPostgres(server ?? "", {});
  const first = await platform(config).hold();
  const clock = new FakeClock();
  const next = holdDatabase(config, { clock, logger: new RecordingLogger(), onTaken: () => {} });
  await clock.sleeping(1);

  await first[Symbol.asyncDispose]();
  await clock.advance(250);

  await using _held = await next;
});

test(
  "a database is held again once its server has ended the connection",
  onlyOnPostgres,
  async () => {
    const config = await testPostgres(server ?? "", {});
    const first = platform(config);
    await using _held = await first.hold();
    const other = await connect(config);

    await other.query(endHolder);
    await until(() => first.logger.lines.some(({ event }) => event === "database-held-again"));
    const refusal: unknown = await platform(config)
      .hold()
      .catch((error: unknown) => error);
    await other.end();

    assert.ok(refusal instanceof DatabaseTaken);
  },
);

test("a platform whose database another has got meanwhile is told so", onlyOnPostgres, async () => {
  const config = await testPostgres(server ?? "", {});
  const first = platform(config);
  await using _held = await first.hold();
  const [other, ender] = [await connect(config), await connect(config)];
  // Waits in the server, so that it is served before anybody who comes later.
  const waiting = other.query("select pg_advisory_lock($1, 1)", [0x52495645]);
  const isWaiting = `select 1 from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`;
  await until(async () => (await ender.query(isWaiting)).rowCount === 1);

  await ender.query(endHolder);

  assert.match((await first.taken).message, /another process runs a platform on it/);
  await waiting;
  await Promise.all([other.end(), ender.end()]);
});
