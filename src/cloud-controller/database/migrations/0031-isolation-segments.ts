import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex, recordTable } from "./0001-core.ts";

/** Isolation segments, the organizations that may use them, and where they are used. */
export const isolationSegments: Migration = {
  async up(db: Kysely<unknown>) {
    await recordTable(db, "isolation_segments")
      .addColumn("name", "text", (column) => column.notNull())
      .execute();
    // Names compare without regard to case, as CC's citext columns do.
    await db.schema
      .createIndex("isolation_segments_name")
      .on("isolation_segments")
      .unique()
      .expression(sql`lower(name)`)
      .execute();
    await db.schema
      .createTable("isolation_segment_entitlements")
      .addColumn("isolation_segment_guid", "text", (column) =>
        column.notNull().references("isolation_segments.guid"),
      )
      .addColumn("organization_guid", "text", (column) =>
        column.notNull().references("organizations.guid"),
      )
      .addPrimaryKeyConstraint("isolation_segment_entitlements_key", [
        "isolation_segment_guid",
        "organization_guid",
      ])
      .execute();
    await createIndex(db, "isolation_segment_entitlements", ["organization_guid"]);
    await db.schema
      .alterTable("organizations")
      .addColumn("default_isolation_segment_guid", "text", (column) =>
        column.references("isolation_segments.guid"),
      )
      .execute();
    await createIndex(db, "organizations", ["default_isolation_segment_guid"]);
    await db.schema
      .alterTable("spaces")
      .addColumn("isolation_segment_guid", "text", (column) =>
        column.references("isolation_segments.guid"),
      )
      .execute();
    await createIndex(db, "spaces", ["isolation_segment_guid"]);
  },
};
