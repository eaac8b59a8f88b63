import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex } from "./0001-core.ts";

/**
 * The key of `resources` ends with the size, so that it alone answers a match: thousands of files a request are looked up
 * in it, and a row beside each would be another page to read. (A content has one size: what is unique stays unique.)
 */
export const resourceSizes: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("resources").renameTo("resources_before").execute();
    await db.schema.dropIndex("resources_by_sha256").execute();
    await db.schema
      .createTable("resources")
      .addColumn("sha1", "text", (column) => column.notNull())
      .addColumn("organization_guid", "text", (column) => column.notNull())
      .addColumn("sha256", "text", (column) =>
        column.notNull().references("resource_files.sha256").onDelete("cascade"),
      )
      .addColumn("size", "integer", (column) => column.notNull())
      .addColumn("modified", "integer", (column) => column.notNull())
      .addPrimaryKeyConstraint("resource_sizes_key", [
        "sha1",
        "organization_guid",
        "sha256",
        "size",
      ])
      .execute();
    await sql`insert into resources (sha1, organization_guid, sha256, size, modified)
      select sha1, organization_guid, sha256, size, modified from resources_before
      order by sha1, organization_guid, sha256`.execute(db);
    await db.schema.dropTable("resources_before").execute();
    await createIndex(db, "resources", ["sha256"]);
  },
};
