import { CamelCasePlugin, Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { whyUnavailable } from "./database-error.ts";
import { nodeSqliteDialect } from "./node-sqlite-dialect.ts";

export interface DatabaseConfig {
  /** Path of the SQLite file, or ":memory:". */
  readonly path: string;
}

/**
 * Opens a component's database and brings it to its newest migration. Columns are snake_case in SQL and camelCase in
 * TypeScript; values of JSON columns keep their keys.
 *
 * @throws when the file is no database of ours, naming it; when a migration fails: nothing of that migration is kept.
 */
export async function openDatabase<Schema>(
  config: DatabaseConfig,
  migrations: Readonly<Record<string, Migration>>,
): Promise<Kysely<Schema>> {
  const db = new Kysely<Schema>({
    dialect: openFile(config.path),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    await db.destroy();
    throw new Error(`Cannot migrate the database "${config.path}": ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return db;
}

function openFile(file: string): ReturnType<typeof nodeSqliteDialect> {
  try {
    return nodeSqliteDialect(file);
  } catch (error) {
    throw new Error(
      `Cannot open the database "${file}": ${reasonOf(error)}. Mend that, or restore the file`,
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  return whyUnavailable(error) ?? (error instanceof Error ? error.message : String(error));
}
