import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import type { DatabaseConfig, PostgresConfig } from "#db/database-config.ts";

export interface Query {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

const rounds = 200;

/** Median milliseconds of these queries one after the other by the bare driver: the limit for who reads the same rows. */
export async function bareMs(config: DatabaseConfig, queries: readonly Query[]): Promise<number> {
  await using database = "path" in config ? bareSqlite(config.path) : await barePostgres(config);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    for (const query of queries) await database.run(query);
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[rounds / 2] ?? 0;
}

interface Bare extends AsyncDisposable {
  run(query: Query): Promise<void>;
}

function bareSqlite(file: string): Bare {
  const database = new DatabaseSync(file, { readOnly: true });
  const statements = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  return {
    async run({ sql, parameters }) {
      const statement = statements.get(sql) ?? database.prepare(sql);
      statements.set(sql, statement);
      statement.all(
        ...parameters.map((value) => (typeof value === "number" ? value : String(value))),
      );
    },
    async [Symbol.asyncDispose]() {
      database.close();
    },
  };
}

async function barePostgres(config: PostgresConfig): Promise<Bare> {
  const client = await connected(config.url);
  await client.query(`set search_path to ${client.escapeIdentifier(config.schema)}`);
  return {
    run: async ({ sql, parameters }) => void (await client.query(sql, [...parameters])),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

export async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}
