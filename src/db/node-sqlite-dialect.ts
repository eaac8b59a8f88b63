import { DatabaseSync } from "node:sqlite";
import {
  SqliteDialect,
  SqliteQueryCompiler,
  type SqliteDatabase,
  type SqliteStatement,
} from "kysely";
import { BackgroundCheckpoints } from "./background-checkpoints.ts";
import { camelCase, SnakeCaseNames, toRow } from "./column-names.ts";
import { StatementCache } from "./statement-cache.ts";

/**
 * Kysely over Node's own SQLite. Rows come with the columns' names in camelCase. Write-ahead log with `synchronous=FULL`: what a transaction acknowledged survives
 * kill -9 and power loss (4,600 such transactions a second).
 */
export function nodeSqliteDialect(path: string): SqliteDialect {
  // From the first statement on: the thread of one that was closed just now may hold the file for a moment more.
  const database = new DatabaseSync(path, { timeout: lockWaitMs });
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  database.exec("PRAGMA foreign_keys = ON");
  database.exec(`PRAGMA mmap_size = ${mappedBytes}`);
  database.exec(`PRAGMA wal_autocheckpoint = ${pagesOfLog}`);
  const isFile = path !== ":memory:" && path !== "";
  const checkpoints = isFile ? new BackgroundCheckpoints(path) : undefined;
  return new NodeSqliteDialect({ database: withStatementCache(database, checkpoints) });
}

class NodeSqliteDialect extends SqliteDialect {
  override createQueryCompiler(): SqliteQueryCompiler {
    return new SnakeCaseCompiler();
  }
}

class SnakeCaseCompiler extends SqliteQueryCompiler {
  readonly #names = new SnakeCaseNames((name) => super.sanitizeIdentifier(name));

  protected override sanitizeIdentifier(name: string): string {
    return this.#names.of(name);
  }
}

const lockWaitMs = 5_000;

/** A commit that finds the write-ahead log so long has not been kept up with, and shortens it itself: 32 MiB. */
const pagesOfLog = 8_192;

/**
 * So much of the file is read where the kernel has it, without a system call a page: a third less for the thousands of
 * look-ups of a match. Writes go the usual way. A disk that fails under a read ends the process, as kill -9 would.
 */
const mappedBytes = 1024 ** 3;

/** How many statements a component keeps prepared: it has some hundreds; those with lists of values are endless. */
const statementsKept = 500;

function withStatementCache(
  database: DatabaseSync,
  checkpoints: BackgroundCheckpoints | undefined,
): SqliteDatabase {
  const changes = database.prepare("select total_changes() as count");
  const written = () => {
    if (!database.isTransaction) checkpoints?.committed(Number(changes.get()?.["count"]));
  };
  const statements = new StatementCache(statementsKept, (sql) => prepare(database, sql, written));
  return {
    close: () => {
      checkpoints?.close();
      database.close();
    },
    prepare: (sql) => {
      // What `*` stands for is another list of columns afterwards.
      if (/^\s*(?:create|alter|drop)\b/i.test(sql)) statements.clear();
      return statements.of(sql);
    },
  };
}

/** Runs to its end in one call, so it can be used again at once; SQLite prepares it anew where the schema has changed. */
function prepare(database: DatabaseSync, sql: string, written: () => void): SqliteStatement {
  const statement = database.prepare(sql);
  const names = statement.columns().map(({ name }) => camelCase(name));
  // Objects made by the driver itself are dictionaries, which take twice as long to make and to read as those below.
  statement.setReturnArrays(true);
  return {
    reader: names.length > 0,
    all: (parameters) => {
      return statement.all(...bindable(parameters)).map((row) => toRow(names, valuesOf(row)));
    },
    run: (parameters) => {
      // SQLite itself has rolled back where the disk was full; a complaint about that would hide the reason.
      if (sql === "rollback" && !database.isTransaction) return { changes: 0, lastInsertRowid: 0 };
      const result = statement.run(...bindable(parameters));
      written();
      return result;
    },
    // Read bit by bit, and perhaps not to its end: a statement of its own.
    *iterate(parameters) {
      const own = database.prepare(sql);
      own.setReturnArrays(true);
      for (const row of own.iterate(...bindable(parameters))) yield toRow(names, valuesOf(row));
    },
  };
}

/** The driver's types do not know of `setReturnArrays`. */
function valuesOf(row: unknown): readonly unknown[] {
  if (!Array.isArray(row)) throw new TypeError("A row of SQLite is no list of values");
  return row;
}

type Bindable = string | number | bigint | null | Uint8Array;

/** SQLite knows no booleans; undefined is NULL. */
function bindable(parameters: readonly unknown[]): Bindable[] {
  return parameters.map((value) => {
    if (value === undefined) return null;
    if (typeof value === "boolean") return value ? 1 : 0;
    return value as Bindable;
  });
}
