import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex, recordTable } from "./0001-core.ts";

/** What an app has been deployed as, and which of it each process runs. */
export const revisions: Migration = {
  async up(db: Kysely<unknown>) {
    await recordTable(db, "revisions")
      .addColumn("app_guid", "text", (column) => column.notNull().references("apps.guid"))
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("droplet_guid", "text", (column) => column.notNull())
      .addColumn("environment_variables", "text", (column) => column.notNull())
      .addColumn("commands", "text", (column) => column.notNull())
      .addColumn("sidecars", "text", (column) => column.notNull())
      .addColumn("description", "text", (column) => column.notNull())
      .addUniqueConstraint("revisions_version", ["app_guid", "version"])
      .execute();
    await createIndex(db, "revisions", ["app_guid", "id"]);
    await db.schema.alterTable("processes").addColumn("revision_guid", "text").execute();
  },
};
