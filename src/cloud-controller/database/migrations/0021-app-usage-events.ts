import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex, recordTable } from "./0001-core.ts";

export const appUsageEvents: Migration = {
  async up(db: Kysely<unknown>) {
    await recordTable(db, "app_usage_events")
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("previous_state", "text")
      .addColumn("app_guid", "text", (column) => column.notNull())
      .addColumn("app_name", "text", (column) => column.notNull())
      .addColumn("process_guid", "text")
      .addColumn("process_type", "text")
      .addColumn("space_guid", "text", (column) => column.notNull())
      .addColumn("space_name", "text", (column) => column.notNull())
      .addColumn("organization_guid", "text", (column) => column.notNull())
      .addColumn("buildpack_guid", "text")
      .addColumn("buildpack_name", "text")
      .addColumn("task_guid", "text")
      .addColumn("task_name", "text")
      .addColumn("memory_in_mb_per_instance", "integer", (column) => column.notNull())
      .addColumn("previous_memory_in_mb_per_instance", "integer")
      .addColumn("instance_count", "integer", (column) => column.notNull())
      .addColumn("previous_instance_count", "integer")
      .execute();
    await createIndex(db, "app_usage_events", ["task_guid"]);
    await createIndex(db, "app_usage_events", ["created_at"]);
  },
};
