import {
  CompiledQuery,
  DataTypeNode,
  PostgresDialect,
  PostgresDriver,
  PostgresQueryCompiler,
  RawNode,
  type ColumnDefinitionNode,
  type PostgresDialectConfig,
  type TransactionSettings,
  type PostgresPool,
  type PostgresPoolClient,
} from "kysely";
import { Client, DatabaseError, Pool, types, type ClientConfig, type PoolClient } from "pg";
import { camelCase, SnakeCaseNames, toRow } from "./column-names.ts";
import type { PostgresConfig } from "./database-config.ts";
import { DatabaseUnreachable } from "./database-error.ts";
import { NamedStatements } from "./named-statements.ts";
import { postgresVocabulary } from "./postgres-vocabulary.ts";

const defaultConnections = 25;

/** Cloud Controller's `pool_timeout`: a request that gets no connection within it is answered that there is none. */
const connectTimeoutMs = 10_000;

/**
 * A connection that nobody has used for so long is closed. A new one costs a process of the server and reads and plans
 * everything anew: with the driver's 10 s, what came close together after a quiet moment waited for it, up to 300 ms.
 */
const idleTimeoutMs = 10 * 60_000;

/**
 * Kysely over PostgreSQL, such that the SQL, the migrations and the values of rows are those of SQLite: integers have 64
 * bits and arrive as numbers, booleans as 0 and 1, and text orders by its bytes. Columns' names arrive in camelCase.
 */
export function postgresDialect(config: PostgresConfig): PostgresDialect {
  const pool = new Pool({
    ...clientConfig(config),
    max: config.connections ?? defaultConnections,
    idleTimeoutMillis: idleTimeoutMs,
  });
  // A connection that the server ends. An idle one: the pool drops it, and the next query opens another or says why
  // not. One in use, between two queries: the next query on it tells. Unheard, either would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => void client.on("error", () => undefined));
  return new SqlitelikeDialect({ pool: withToldFailures(pool) }, config.schema);
}

/** The schema with what SQLite brings by itself. Processes that start at once do it one after the other. */
export async function preparePostgresSchema(config: PostgresConfig): Promise<void> {
  const client = new Client(clientConfig(config));
  // Its queries tell of a connection that ends.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new DatabaseUnreachable(error);
  }
  try {
    await client.query(postgresVocabulary(config.schema));
  } finally {
    await client.end();
  }
}

function clientConfig(config: PostgresConfig): ClientConfig {
  return {
    connectionString: config.url,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    application_name: `rivera ${config.schema}`,
    // A process that stands still in the middle of a transaction must not hold up the others for good. What is asked for
    // often is in memory, where reading a row by index costs what the next one in line does: with the default of 4, made
    // for spinning disks, a page of 100 of 10,000 processes reads all of them.
    options: `-c search_path=${config.schema} -c idle_in_transaction_session_timeout=60s -c random_page_cost=1.1`,
    types: { getTypeParser },
  };
}

const parsers = new Map<number, (text: string) => unknown>([
  [types.builtins.BOOL, (text) => (text === "t" ? 1 : 0)],
  [types.builtins.INT8, Number],
  // What sums of integers are.
  [types.builtins.NUMERIC, Number],
]);

const getTypeParser: typeof types.getTypeParser = (type: number, format?: "text" | "binary") =>
  (format !== "binary" && parsers.get(type)) || types.getTypeParser(type, format);

/** What the server answers stays as it is; anything else that a query throws is the lost connection's. */
function withToldFailures(pool: Pool): PostgresPool {
  const told = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    Client,
    options: pool.options,
    connect: async () => {
      const client = await pool.connect().catch((error: unknown) => {
        throw new DatabaseUnreachable(error);
      });
      // Kysely knows a connection by its object.
      const known = told.get(client) ?? tellingClient(client);
      told.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
}

function tellingClient(client: PoolClient): PostgresPoolClient {
  const statements = new NamedStatements();
  const send = (text: string, parameters: readonly unknown[]) => {
    const name = statements.nameOf(text, parameters);
    const values = parameters.map(withoutNul);
    const query = { text, values, rowMode: "array" as const };
    return client.query<unknown[]>(name === undefined ? query : { ...query, name });
  };
  return Object.create(client, {
    query: {
      value: async (text: string, parameters: readonly unknown[]) => {
        try {
          const { command, rowCount, fields, rows } = await send(text, parameters).catch(
            (error: unknown) => {
              if (!isOutdated(error)) throw error;
              statements.outdate();
              return send(text, parameters);
            },
          );
          const names = fields.map(({ name }) => camelCase(name));
          return { command, rowCount, rows: rows.map((row) => toRow(names, row)) };
        } catch (error) {
          throw error instanceof DatabaseError ? error : new DatabaseUnreachable(error);
        }
      },
    },
    release: {
      value: (isBroken?: boolean) => client.release(isBroken === true || statements.isSpent),
    },
  });
}

/** `select *` of a table that another connection has given one more column. */
function isOutdated(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === "0A000" &&
    error.message.startsWith("cached plan")
  );
}

/** Text of PostgreSQL holds no NUL. What a client sends with one is no name of anything, so it finds nothing. */
function withoutNul(value: unknown): unknown {
  return typeof value === "string" ? value.replaceAll("\0", "\uFFFD") : value;
}

class SqlitelikeDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;
  readonly #schema: string;

  constructor(config: PostgresDialectConfig, schema: string) {
    super(config);
    this.#config = config;
    this.#schema = schema;
  }

  override createDriver(): PostgresDriver {
    return new OneWriterDriver(this.#config, this.#schema);
  }

  override createQueryCompiler(): PostgresQueryCompiler {
    return new SqlitelikeCompiler();
  }
}

type Connection = Parameters<PostgresDriver["rollbackTransaction"]>[0];

/**
 * Transactions of a component run one after the other, over all its processes, as on SQLite: an action looks, decides and
 * writes (quotas, numbers that count up, variables that are merged), and no isolation level short of retries makes that
 * hold by itself. What reads outside of a transaction waits for none.
 */
class OneWriterDriver extends PostgresDriver {
  readonly #schema: string;

  constructor(config: PostgresDialectConfig, schema: string) {
    super(config);
    this.#schema = schema;
  }

  override async beginTransaction(
    connection: Connection,
    settings: TransactionSettings,
  ): Promise<void> {
    await super.beginTransaction(connection, settings);
    if (settings.accessMode === "read only") return;
    const lock = "select pg_advisory_xact_lock(hashtext('rivera writer'), hashtext($1))";
    try {
      await connection.executeQuery(CompiledQuery.raw(lock, [this.#schema]));
    } catch (error) {
      await this.rollbackTransaction(connection);
      throw error;
    }
  }
}

const columnTypes: Readonly<Record<string, string>> = {
  integer: "bigint",
  blob: "bytea",
  text: 'text collate "C"',
};

class SqlitelikeCompiler extends PostgresQueryCompiler {
  readonly #names = new SnakeCaseNames((name) => super.sanitizeIdentifier(name));

  protected override sanitizeIdentifier(name: string): string {
    return this.#names.of(name);
  }

  protected override visitColumnDefinition(node: ColumnDefinitionNode): void {
    const { dataType } = node;
    if (!DataTypeNode.is(dataType)) return super.visitColumnDefinition(node);
    const { autoIncrement, ...column } = node;
    const name = autoIncrement === true ? "bigserial" : columnTypes[dataType.dataType];
    super.visitColumnDefinition({
      ...column,
      dataType: name === undefined ? dataType : RawNode.createWithSql(name),
    });
  }
}
