import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { recordTable } from "./0001-core.ts";

/** The last run of each clean-up, and blobs that no row names. */
export const clockJobs: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("clock_jobs")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("last_started_at", "text")
      .addColumn("last_completed_at", "text")
      .addColumn("last_result", "text")
      .addColumn("last_error", "text")
      .execute();
    await recordTable(db, "orphaned_blobs")
      .addColumn("bucket", "text", (column) => column.notNull())
      .addColumn("path", "text", (column) => column.notNull())
      .addColumn("dirty_count", "integer", (column) => column.notNull())
      .addUniqueConstraint("orphaned_blobs_once", ["bucket", "path"])
      .execute();
    await db.schema
      .createIndex("orphaned_blobs_by_updated_at")
      .on("orphaned_blobs")
      .column("updated_at")
      .execute();
  },
};
