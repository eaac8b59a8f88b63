import { Kysely, sql, type Dialect, type Logger } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { describeDatabase, type DatabaseConfig } from "./database-config.ts";
import { whyUnavailable } from "./database-error.ts";
import type { QueryMeter } from "./query-metrics.ts";
import { nodeSqliteDialect } from "./node-sqlite-dialect.ts";

/**
 * Opens a component's database and brings it to its newest migration. Columns are snake_case in SQL and camelCase in
 * TypeScript; values of JSON columns keep their keys.
 *
 * @throws when it is no database of ours or cannot be reached, naming it; when a later version has migrated it; when a
 * migration fails: nothing of that migration is kept.
 */
export async function openDatabase<Schema>(
  config: DatabaseConfig,
  migrations: Readonly<Record<string, Migration>>,
  meter?: QueryMeter,
): Promise<Kysely<Schema>> {
  const log = logOf(config, meter);
  const db = new Kysely<Schema>({
    dialect: await open(config),
    ...(log === undefined ? {} : { log }),
  });
  const applied = await appliedMigrations(db, config);
  const unknown = [...applied].filter((name) => !Object.hasOwn(migrations, name)).toSorted();
  if (unknown.length > 0) {
    await db.destroy();
    throw new Error(
      `The database ${describeDatabase(config)} was brought to a newer state by a later version of Rivera, ` +
        `which this one cannot read (${unknown.join(", ")}). Start that version, or restore a copy from before`,
    );
  }
  // There is nothing to do: to ask Kysely's migrator takes ten times as long.
  if (applied.size === Object.keys(migrations).length) return db;
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    ...("schema" in config ? { migrationTableSchema: config.schema } : {}),
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    await db.destroy();
    throw new Error(`Cannot migrate the database ${describeDatabase(config)}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return db;
}

function logOf({ onQuery }: DatabaseConfig, meter: QueryMeter | undefined): Logger | undefined {
  if (onQuery === undefined && meter === undefined) return undefined;
  return ({ level, query, queryDurationMillis }) => {
    meter?.ended({ seconds: queryDurationMillis / 1_000, failed: level === "error" });
    onQuery?.(query.sql, query.parameters);
  };
}

async function appliedMigrations<Schema>(
  db: Kysely<Schema>,
  config: DatabaseConfig,
): Promise<ReadonlySet<string>> {
  const table = "schema" in config ? [config.schema, "kysely_migration"] : ["kysely_migration"];
  try {
    const { rows } = await sql<{ name: string }>`select name from ${sql.id(...table)}`.execute(db);
    return new Set(rows.map(({ name }) => name));
  } catch {
    // A database that has never been migrated, or one that the migrator will say something about.
    return new Set();
  }
}

async function open(config: DatabaseConfig): Promise<Dialect> {
  try {
    if ("path" in config) return nodeSqliteDialect(config.path);
    // Its driver takes 30 ms to load, which a platform on SQLite need not wait for.
    const { postgresDialect, preparePostgresSchema } = await import("./postgres-dialect.ts");
    await preparePostgresSchema(config);
    return postgresDialect(config);
  } catch (error) {
    const mend = "path" in config ? "Mend that, or restore the file" : "Mend that, and start again";
    throw new Error(
      `Cannot open the database ${describeDatabase(config)}: ${reasonOf(error)}. ${mend}`,
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  return whyUnavailable(error) ?? (error instanceof Error ? error.message : String(error));
}
