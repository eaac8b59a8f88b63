import type { ColumnDefinitionBuilder, Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** A build's log, in chunks as it came, the pieces of work that it was made of, and how far both have come. */
export const buildObservations: Migration = {
  async up(db: Kysely<unknown>) {
    const ofBuild = (column: ColumnDefinitionBuilder) =>
      column.notNull().references("builds.guid").onDelete("cascade");
    await db.schema
      .createTable("build_observations")
      .addColumn("build_guid", "text", (column) => ofBuild(column).primaryKey())
      .addColumn("progress", "text", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("build_log_chunks")
      .addColumn("build_guid", "text", ofBuild)
      .addColumn("first_line", "integer", (column) => column.notNull())
      .addColumn("last_line", "integer", (column) => column.notNull())
      .addColumn("bytes", "integer", (column) => column.notNull())
      .addColumn("part", "text", (column) => column.notNull())
      .addColumn("content", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("build_log_chunks_key", ["build_guid", "first_line"])
      .execute();
    await db.schema
      .createTable("build_spans")
      .addColumn("build_guid", "text", ofBuild)
      .addColumn("number", "integer", (column) => column.notNull())
      .addColumn("content", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("build_spans_key", ["build_guid", "number"])
      .execute();
  },
};
