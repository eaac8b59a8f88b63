import { CamelCasePlugin, Kysely, type Dialect } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { describeDatabase, type DatabaseConfig } from "./database-config.ts";
import { whyUnavailable } from "./database-error.ts";
import { nodeSqliteDialect } from "./node-sqlite-dialect.ts";

/**
 * Opens a component's database and brings it to its newest migration. Columns are snake_case in SQL and camelCase in
 * TypeScript; values of JSON columns keep their keys.
 *
 * @throws when it is no database of ours or cannot be reached, naming it; when a migration fails: nothing of that
 * migration is kept.
 */
export async function openDatabase<Schema>(
  config: DatabaseConfig,
  migrations: Readonly<Record<string, Migration>>,
): Promise<Kysely<Schema>> {
  const db = new Kysely<Schema>({
    dialect: await open(config),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
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
