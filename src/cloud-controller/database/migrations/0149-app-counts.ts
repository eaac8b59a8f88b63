import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** How many apps a space has, so that the total of a list of apps costs what its spaces do. */
export const appCounts: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable("spaces")
      .addColumn("app_count", "integer", (column) => column.notNull().defaultTo(0))
      .execute();
    await sql`update spaces set app_count =
      (select count(*) from apps where apps.space_guid = spaces.guid)`.execute(db);
  },
};
