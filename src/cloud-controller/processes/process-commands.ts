import { sql } from "kysely";
import { z } from "zod";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { Process } from "./process-table.ts";

const processTypesColumn = z.record(z.string(), z.string());

/**
 * The start command of each process: its own, else what its app's current droplet gives for the type. By process
 * guid; null where there is neither.
 */
export async function startCommands(
  db: Executor,
  processes: readonly Process[],
): Promise<ReadonlyMap<string, string | null>> {
  const rows = await db
    .selectFrom("apps")
    .innerJoin("droplets", "droplets.guid", "apps.dropletGuid")
    .select(["apps.guid", "droplets.processTypes"])
    .where(
      isOneOf(
        sql.ref("apps.guid"),
        processes.map((process) => process.appGuid),
      ),
    )
    .execute();
  const detected = new Map(
    rows.map((row) => [row.guid, processTypesColumn.parse(JSON.parse(row.processTypes))]),
  );
  return new Map(
    processes.map((process) => [
      process.guid,
      process.command ?? detected.get(process.appGuid)?.[process.type] ?? null,
    ]),
  );
}
