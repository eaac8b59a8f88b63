import { hash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import type { Database } from "#cloud-controller/database/schema.ts";
import type { DatabaseConfig } from "#db/database-config.ts";

/** What a client knows the nth file of the filled cache by: forty hex digits, as both databases can make them. */
export function cachedSha1(index: number): string {
  return hash("sha256", `key ${index}`).slice(0, 40);
}

export const cachedBytes = 100;

/** Puts rows where uploads would, with no blob behind them: they are matched, never read. */
export async function fillResourceCache(
  db: Database,
  { config, files }: { readonly config: DatabaseConfig; readonly files: number },
): Promise<void> {
  await db
    .insertInto("resourcePacks")
    .values({ guid: "bench", state: "SEALED", size: 0, liveBytes: 0, changedAt: "2030-01-01" })
    .execute();
  if ("path" in config) return fillSqlite(config.path, files);
  const hex = (text: string) => sql.raw(`encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`);
  await sql`insert into resource_files
    select ${hex("'file ' || n")}, ${sql.lit(cachedBytes)}, 'bench', n * 10, 10, 8, 0, '2030-01-01', null
    from generate_series(0, ${sql.lit(files - 1)}) as n`.execute(db);
  await sql`insert into resources
    select left(${hex("'key ' || n")}, 40), 'bench', ${hex("'file ' || n")}, ${sql.lit(cachedBytes)}, 0
    from generate_series(0, ${sql.lit(files - 1)}) as n`.execute(db);
  await sql`vacuum analyze resources`.execute(db);
}

function fillSqlite(file: string, files: number): void {
  using database = new DatabaseSync(file);
  // Nothing of it need last: with the usual care a million rows take minutes.
  database.exec("pragma synchronous = off; pragma cache_size = -500000; pragma foreign_keys = off");
  database.exec("begin");
  const content = database.prepare(
    "insert into resource_files values (?, ?, 'bench', ?, 10, 8, 0, '2030-01-01', null)",
  );
  const possession = database.prepare("insert into resources values (?, 'bench', ?, ?, 0)");
  for (let index = 0; index < files; index += 1) {
    const sha256 = hash("sha256", `file ${index}`);
    content.run(sha256, cachedBytes, index * 10);
    possession.run(cachedSha1(index), sha256, cachedBytes);
  }
  database.exec("commit");
}
