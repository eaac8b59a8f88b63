/** Where a component keeps its rows: a SQLite file of its own, or a schema of its own in a PostgreSQL database. */
export type DatabaseConfig = SqliteConfig | PostgresConfig;

interface WatchedQueries {
  /** Hears of each query that has been run: for tests of what is asked, and how often. */
  readonly onQuery?: (sql: string, parameters: readonly unknown[]) => void;
}

interface SqliteConfig extends WatchedQueries {
  /** Path of the file, or ":memory:". */
  readonly path: string;
}

export interface PostgresConfig extends WatchedQueries {
  /** `postgres://user:password@host:port/database`; the database is there already, in UTF-8. */
  readonly url: string;
  /** Made where it is missing. A schema each, so that one database, and one backup, holds the whole platform. */
  readonly schema: string;
  /** At most open at once; default 25, Cloud Controller's own. */
  readonly connections?: number;
}

/** For people and logs: never with the password. */
export function describeDatabase(config: DatabaseConfig): string {
  if ("path" in config) return `"${config.path}"`;
  return `${describeServer(config)} (schema ${config.schema})`;
}

/** The same of the database of all components, whatever the schema. */
export function describeServer(config: Pick<PostgresConfig, "url">): string {
  const url = new URL(config.url);
  const user = url.username === "" ? "" : `${url.username}@`;
  return `"${url.protocol}//${user}${url.host}${url.pathname}"`;
}
