import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex } from "./0001-core.ts";

/**
 * The resource cache by SHA-256: what there is (`resource_files`), where it lies (`resource_packs`) and which organization
 * brought it (`resources`). The rows of before know no SHA-256, so the cache begins empty and their packs are reclaimed.
 */
export const resourcePacks: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("resource_packs")
      .addColumn("guid", "text", (column) => column.primaryKey())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("size", "integer", (column) => column.notNull())
      .addColumn("live_bytes", "integer", (column) => column.notNull())
      .addColumn("changed_at", "text", (column) => column.notNull())
      .execute();
    await createIndex(db, "resource_packs", ["state", "changed_at"]);
    await sql`insert into resource_packs (guid, state, size, live_bytes, changed_at)
      select pack_guid, 'RETIRED', 0, 0, min(created_at) from resources group by pack_guid`.execute(
      db,
    );
    await db.schema.dropTable("resources").execute();
    await db.schema
      .createTable("resource_files")
      .addColumn("sha256", "text", (column) => column.primaryKey())
      .addColumn("size", "integer", (column) => column.notNull())
      .addColumn("pack_guid", "text", (column) =>
        column.notNull().references("resource_packs.guid"),
      )
      .addColumn("offset", "integer", (column) => column.notNull())
      .addColumn("compressed_size", "integer", (column) => column.notNull())
      .addColumn("method", "integer", (column) => column.notNull())
      .addColumn("crc32", "integer", (column) => column.notNull())
      .addColumn("last_used_at", "text", (column) => column.notNull())
      .execute();
    await createIndex(db, "resource_files", ["pack_guid"]);
    await createIndex(db, "resource_files", ["last_used_at"]);
    await db.schema
      .createTable("resources")
      .addColumn("sha1", "text", (column) => column.notNull())
      .addColumn("organization_guid", "text", (column) => column.notNull())
      .addColumn("sha256", "text", (column) =>
        column.notNull().references("resource_files.sha256").onDelete("cascade"),
      )
      .addColumn("size", "integer", (column) => column.notNull())
      .addColumn("modified", "integer", (column) => column.notNull())
      .addPrimaryKeyConstraint("resource_possessions_key", ["sha1", "organization_guid", "sha256"])
      .execute();
    await createIndex(db, "resources", ["sha256"]);
  },
};
