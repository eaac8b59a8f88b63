import { existsSync } from "node:fs";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { describeServer, type DatabaseConfig } from "#db/database-config.ts";
import { holdDatabase } from "#db/hold-database.ts";
import type { PlatformPaths } from "./platform-paths.ts";
import { writePlatformState, type PlatformState } from "./platform-state.ts";

export interface PlatformDatabases {
  readonly uaa: DatabaseConfig;
  readonly bbs: DatabaseConfig;
  readonly cloudController: DatabaseConfig;
}

/**
 * Where the components keep their rows: in the PostgreSQL that was asked for, else in the one that the data folder
 * remembers, else in SQLite files in it. A URL that was asked for is remembered, so that a later start without it does
 * not begin with nothing; it may change (a password, a server that has moved).
 *
 * @throws where the data folder has its rows in SQLite files already: they would be out of sight, not moved.
 */
export function settleDatabases(options: {
  readonly dataDir: string;
  readonly paths: Pick<PlatformPaths, "database">;
  readonly asked: string | undefined;
  readonly state: PlatformState;
  readonly say: (line: string) => void;
}): PlatformDatabases {
  const { dataDir, paths, asked, state } = options;
  const url = asked ?? state.databaseUrl;
  if (url === undefined) {
    return {
      uaa: { path: paths.database("uaa") },
      bbs: { path: paths.database("bbs") },
      cloudController: { path: paths.database("cloud-controller") },
    };
  }
  if (state.databaseUrl === undefined && existsSync(paths.database("cloud-controller"))) {
    throw new Error(
      `Cannot use --database: the data folder "${dataDir}" has its rows in SQLite already. Give another folder with --data`,
    );
  }
  if (url !== state.databaseUrl) writePlatformState(dataDir, { ...state, databaseUrl: url });
  const databases = {
    uaa: { url, schema: "uaa" },
    bbs: { url, schema: "bbs" },
    cloudController: { url, schema: "cloud_controller" },
  };
  options.say(`Data   ${describeServer({ url })}`);
  return databases;
}

/**
 * Keeps other platforms off these databases: a data folder has its own lock, a server is open to every machine.
 *
 * @throws where another platform runs on it.
 */
export async function holdForThisPlatform(
  { bbs }: PlatformDatabases,
  dependencies: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly stop: (why: Error) => void;
  },
): Promise<AsyncDisposable> {
  if ("path" in bbs) return { [Symbol.asyncDispose]: () => Promise.resolve() };
  return await holdDatabase(bbs, { ...dependencies, onTaken: dependencies.stop });
}
