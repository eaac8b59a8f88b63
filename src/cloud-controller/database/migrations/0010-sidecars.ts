import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { randomGuids } from "#kernel/guid.ts";
import type { Schema } from "../schema.ts";
import { recordTable } from "./0001-core.ts";

/** Sidecars of apps. Those of current droplets, which so far were read from the droplet, become rows. */
export const sidecars: Migration = {
  async up(db: Kysely<unknown>) {
    await recordTable(db, "sidecars")
      .addColumn("app_guid", "text", (column) => column.notNull().references("apps.guid"))
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("command", "text", (column) => column.notNull())
      .addColumn("process_types", "text", (column) => column.notNull())
      .addColumn("memory_in_mb", "integer")
      .addColumn("origin", "text", (column) => column.notNull())
      .addUniqueConstraint("sidecars_name", ["app_guid", "name"])
      .execute();
    await takeFromDroplets(db.withTables<Pick<Schema, "apps" | "droplets" | "sidecars">>());
  },
};

async function takeFromDroplets(
  db: Kysely<Pick<Schema, "apps" | "droplets" | "sidecars">>,
): Promise<void> {
  const rows = await db
    .selectFrom("apps")
    .innerJoin("droplets", "droplets.guid", "apps.dropletGuid")
    .select(["apps.guid", "droplets.sidecars", "droplets.createdAt"])
    .where("droplets.sidecars", "<>", "[]")
    .execute();
  for (const { guid: appGuid, sidecars: stored, createdAt } of rows) {
    for (const sidecar of droppedSidecars(stored)) {
      await db
        .insertInto("sidecars")
        .values({
          guid: randomGuids(),
          createdAt,
          updatedAt: createdAt,
          appGuid,
          name: sidecar.name,
          command: sidecar.command,
          processTypes: JSON.stringify(sidecar.processTypes),
          memoryInMb: sidecar.memoryInMb,
          origin: "buildpack",
        })
        .execute();
    }
  }
}

/** As `droplets.sidecars` was written up to this migration. */
function droppedSidecars(stored: string): readonly {
  readonly name: string;
  readonly command: string;
  readonly processTypes: readonly string[];
  readonly memoryInMb: number | null;
}[] {
  return JSON.parse(stored);
}
