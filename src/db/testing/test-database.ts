import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import type { Migration } from "kysely/migration";
import { Client, DatabaseError } from "pg";
import type { DatabaseConfig, PostgresConfig } from "../database-config.ts";
import { openDatabase } from "../open-database.ts";

type Migrations = Readonly<Record<string, Migration>>;

/** Few, since many tests run at once on one server. */
const connections = 5;
const schema = "rivera_test";
const duplicateDatabase = "42P04";

const made = new Map<string, Promise<PostgresConfig>>();

/**
 * A database of a test's own, gone at its end: that SQLite file, or where RIVERA_TEST_POSTGRES has the URL of a
 * PostgreSQL server, a database there. The same file gives the same database, so that a test can open it twice.
 */
export async function testDatabase(
  migrations: Migrations,
  file = ":memory:",
): Promise<DatabaseConfig> {
  const server = process.env["RIVERA_TEST_POSTGRES"];
  if (server !== undefined) return await testPostgres(server, migrations, file);
  if (file !== ":memory:") await copyMigrated(migrations, file);
  return { path: file };
}

const migratedFiles = new WeakMap<Migrations, Promise<Buffer>>();

/** Where there is no such file: to write one takes a hundredth of the time to run every migration. */
async function copyMigrated(migrations: Migrations, file: string): Promise<void> {
  if (existsSync(file)) return;
  const bytes = migratedFiles.get(migrations) ?? readMigrated(migrations);
  migratedFiles.set(migrations, bytes);
  await writeFile(file, await bytes, { flag: "wx" });
}

async function readMigrated(migrations: Migrations): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), "migrated-"));
  try {
    const file = path.join(folder, "empty.db");
    const db = await openDatabase({ path: file }, migrations);
    // The last connection leaves nothing in a log beside the file.
    await db.destroy();
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A server for what only PostgreSQL has, whether or not the stores' tests run on it. */
export function postgresServer(): string | undefined {
  return process.env["RIVERA_TEST_POSTGRES"] ?? process.env["RIVERA_POSTGRES_SERVER"];
}

/** As `testDatabase`, on that server. */
export async function testPostgres(
  server: string,
  migrations: Migrations,
  file = ":memory:",
): Promise<PostgresConfig> {
  const name = `test_${hashOf(file === ":memory:" ? randomUUID() : file)}`;
  const known = made.get(name);
  if (known !== undefined) return await known;
  const creation = create(server, name, migrations);
  made.set(name, creation);
  after(async () => {
    made.delete(name);
    await query(server, `drop database if exists ${name} with (force)`);
  });
  return await creation;
}

async function create(
  server: string,
  name: string,
  migrations: Migrations,
): Promise<PostgresConfig> {
  const template = await templateOf(server, migrations);
  try {
    await withClient(server, async (client) => {
      const { rows } = await client.query("show server_version_num");
      const strategy = byFiles(Number(rows[0].server_version_num));
      await client.query(`create database ${name} template ${template} ${strategy}`);
    });
  } catch (error) {
    // Made by another process of the same test, which was killed in its middle.
    if (!(error instanceof DatabaseError && error.code === duplicateDatabase)) throw error;
  }
  return { url: urlOf(server, name), schema, connections };
}

/** Copies files, as all servers did before 15; the way through the log takes three times as long for so small ones. */
const byFiles = (version: number) => (version < 150_000 ? "" : "strategy file_copy");

const templates = new WeakMap<Migrations, Promise<string>>();

/** An empty database with every migration: to copy it takes a third of the time to run them. */
function templateOf(server: string, migrations: Migrations): Promise<string> {
  const known = templates.get(migrations) ?? makeTemplate(server, migrations);
  templates.set(migrations, known);
  return known;
}

async function makeTemplate(server: string, migrations: Migrations): Promise<string> {
  const sources = Object.entries(migrations).map(([key, each]) => `${key} ${each.up.toString()}`);
  const name = `template_${hashOf(`${process.ppid} ${sources.join("\n")}`)}`;
  await withClient(server, async (client) => {
    // Another test file may want the same one at the same time.
    await client.query("select pg_advisory_lock(hashtext('rivera test template'))");
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (rowCount !== 0) return;
    const draft = `draft_${hashOf(randomUUID())}`;
    await client.query(`create database ${draft}`);
    const db = await openDatabase({ url: urlOf(server, draft), schema }, migrations);
    await db.destroy();
    await client.query(`alter database ${draft} rename to ${name}`);
  });
  return name;
}

async function query(server: string, text: string): Promise<void> {
  await withClient(server, async (client) => void (await client.query(text)));
}

async function withClient(server: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}
