import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Groups get a row of their own; who is in one stays in `user_groups`, by the group's name. */
export const groups: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("groups")
      .addColumn("guid", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull().unique())
      .addColumn("description", "text", (column) => column.notNull())
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("created_at", "integer", (column) => column.notNull())
      .addColumn("updated_at", "integer", (column) => column.notNull())
      .execute();
    await db.schema.createIndex("user_groups_name").on("user_groups").column("name").execute();
  },
};
