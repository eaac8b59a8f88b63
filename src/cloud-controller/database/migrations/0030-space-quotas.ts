import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex, recordTable } from "./0001-core.ts";

/** Space quotas, and the states that keep changes out of an organization or a space. */
export const spaceQuotas: Migration = {
  async up(db: Kysely<unknown>) {
    await recordTable(db, "space_quotas")
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("organization_guid", "text", (column) =>
        column.notNull().references("organizations.guid"),
      )
      .addColumn("limits", "text", (column) => column.notNull())
      .execute();
    // Names compare without regard to case, as CC's citext columns do.
    await db.schema
      .createIndex("space_quotas_name")
      .on("space_quotas")
      .unique()
      .expression(sql`organization_guid, lower(name)`)
      .execute();
    await db.schema.alterTable("spaces").addColumn("quota_guid", "text").execute();
    await createIndex(db, "spaces", ["quota_guid"]);
    await createIndex(db, "organizations", ["quota_guid"]);
    await addFlag(db, "spaces", "suspended");
    await addFlag(db, "spaces", "deleting");
    await addFlag(db, "organizations", "deleting");
  },
};

async function addFlag(db: Kysely<unknown>, table: string, name: string): Promise<void> {
  await db.schema
    .alterTable(table)
    .addColumn(name, "integer", (column) => column.notNull().defaultTo(0))
    .execute();
}
