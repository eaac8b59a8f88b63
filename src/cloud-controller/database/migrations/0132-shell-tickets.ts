import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Permissions to open one terminal each, in the container of a failed staging. */
export const shellTickets: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("shell_tickets")
      .addColumn("sha256", "text", (column) => column.primaryKey())
      .addColumn("build_guid", "text", (column) => column.notNull())
      .addColumn("actor", "text", (column) => column.notNull())
      .addColumn("expires_at", "text", (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex("shell_tickets_expires_at")
      .on("shell_tickets")
      .column("expires_at")
      .execute();
  },
};
