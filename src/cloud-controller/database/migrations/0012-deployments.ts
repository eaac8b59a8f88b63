import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex, recordTable } from "./0001-core.ts";

/** Changes of an app from one droplet to another while it runs. */
export const deployments: Migration = {
  async up(db: Kysely<unknown>) {
    await recordTable(db, "deployments")
      .addColumn("app_guid", "text", (column) => column.notNull().references("apps.guid"))
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("status_value", "text", (column) => column.notNull())
      .addColumn("status_reason", "text", (column) => column.notNull())
      .addColumn("status_updated_at", "text", (column) => column.notNull())
      .addColumn("last_healthy_at", "text", (column) => column.notNull())
      .addColumn("error", "text")
      .addColumn("strategy", "text", (column) => column.notNull())
      .addColumn("droplet_guid", "text", (column) => column.notNull())
      .addColumn("previous_droplet_guid", "text")
      .addColumn("revision_guid", "text")
      .addColumn("revision_version", "integer")
      .addColumn("deploying_web_process_guid", "text")
      .addColumn("original_web_instances", "integer", (column) => column.notNull())
      .addColumn("max_in_flight", "integer", (column) => column.notNull())
      .addColumn("web_instances", "integer")
      .addColumn("memory_in_mb", "integer")
      .addColumn("disk_in_mb", "integer")
      .addColumn("log_rate_limit_in_bytes_per_second", "integer")
      .addColumn("canary_steps", "text")
      .addColumn("canary_current_step", "integer")
      .execute();
    await createIndex(db, "deployments", ["app_guid", "state"]);
    await createIndex(db, "deployments", ["state"]);
    await createIndex(db, "deployments", ["status_value"]);
    await createIndex(db, "deployments", ["status_reason"]);
  },
};
