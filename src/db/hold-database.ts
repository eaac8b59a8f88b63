import { hostname } from "node:os";
import { Client } from "pg";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { describeServer, type PostgresConfig } from "./database-config.ts";
import { DatabaseUnreachable } from "./database-error.ts";

/** Of the advisory lock that stands for the whole database: "RIVE", and the first of its kind. */
const lockKeys = [0x52495645, 1] as const;

/** The server lets go of what a killed process held once it has seen its connection end. */
const patienceMs = 5_000;
const retryMs = 250;
const connectTimeoutMs = 10_000;

type HeldConfig = Pick<PostgresConfig, "url">;

export interface HoldOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Another platform has got the database while the server was away: this one must not go on. */
  readonly onTaken: (why: Error) => void;
  /** How long one waits for the platform before, in ms; default 5 s. */
  readonly patienceMs?: number;
}

/** A database whose platform is alive: two would each run every app, under the same names of cells. */
export class DatabaseTaken extends Error {
  constructor(config: HeldConfig, holder: string) {
    super(
      `Cannot use the database ${describeServer(config)}: ${holder} runs a platform on it. Stop that one, or give another database with --database`,
    );
    this.name = "DatabaseTaken";
  }
}

/**
 * Keeps a database for one platform, by an advisory lock on a connection of its own; a server that restarts is asked for
 * it again. Of a machine that is gone the server hears nothing: it gives the lock free after half a minute.
 *
 * @throws DatabaseTaken, or DatabaseUnreachable where no server answers.
 */
export async function holdDatabase(
  config: HeldConfig,
  options: HoldOptions,
): Promise<AsyncDisposable> {
  const over = new AbortController();
  const released = Promise.withResolvers<void>();
  const first = await take(config, options);
  const kept = keep(first);
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      released.resolve();
      await kept;
    },
  };

  async function keep(taken: Hold): Promise<void> {
    let hold: Hold | undefined = taken;
    while (hold !== undefined) {
      await Promise.race([hold.ended, released.promise]);
      await hold.client.end().catch(() => undefined);
      if (over.signal.aborted) return;
      options.logger.warn("database-hold-lost");
      hold = await takeAgain(config, options, over.signal);
    }
  }
}

interface Hold {
  readonly client: Client;
  /** Resolves once the connection is gone, and the lock with it. */
  readonly ended: Promise<void>;
}

async function takeAgain(
  config: HeldConfig,
  options: HoldOptions,
  signal: AbortSignal,
): Promise<Hold | undefined> {
  while (!signal.aborted) {
    try {
      const hold = await take(config, options);
      options.logger.info("database-held-again");
      return hold;
    } catch (error) {
      if (error instanceof DatabaseTaken) {
        options.onTaken(error);
        return undefined;
      }
      await options.clock.sleep(retryMs, signal).catch(() => undefined);
    }
  }
  return undefined;
}

async function take(config: HeldConfig, options: HoldOptions): Promise<Hold> {
  const client = new Client({
    connectionString: config.url,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    application_name: `rivera platform: process ${process.pid} on ${hostname()}`,
    options: "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
  });
  const ended = new Promise<void>((resolve) => client.once("end", () => resolve()));
  // What it says is told by `end`, and by the queries.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const holder = await holderAfter(client, options);
    if (holder === undefined) return { client, ended };
    throw new DatabaseTaken(config, holder);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error instanceof DatabaseTaken ? error : new DatabaseUnreachable(error);
  }
}

/** Undefined: the lock is this connection's. Else who still has it once patience is over. */
async function holderAfter(client: Client, options: HoldOptions): Promise<string | undefined> {
  const giveUpAt = options.clock.now().getTime() + (options.patienceMs ?? patienceMs);
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>(
      "select pg_try_advisory_lock($1, $2) as taken",
      [...lockKeys],
    );
    if (rows[0]?.taken === true) return undefined;
    if (options.clock.now().getTime() >= giveUpAt) return await nameOfHolder(client);
    await options.clock.sleep(retryMs);
  }
}

async function nameOfHolder(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string | null }>(
    `select application_name as name from pg_locks join pg_stat_activity using (pid)
     where locktype = 'advisory' and granted and classid = $1 and objid = $2 and objsubid = 2
       and database = (select oid from pg_database where datname = current_database())`,
    [...lockKeys],
  );
  const [, who] = /^rivera platform: (.+)$/.exec(rows[0]?.name ?? "") ?? [];
  return who ?? "another process";
}
