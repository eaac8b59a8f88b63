import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex, recordTable } from "./0001-core.ts";

/** Tasks, and the last number that each app's tasks were given. */
export const tasks: Migration = {
  async up(db: Kysely<unknown>) {
    await recordTable(db, "tasks")
      .addColumn("app_guid", "text", (column) => column.notNull().references("apps.guid"))
      .addColumn("droplet_guid", "text", (column) => column.notNull())
      .addColumn("sequence_id", "integer", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("command", "text", (column) => column.notNull())
      .addColumn("user", "text")
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("memory_in_mb", "integer", (column) => column.notNull())
      .addColumn("disk_in_mb", "integer", (column) => column.notNull())
      .addColumn("log_rate_limit_in_bytes_per_second", "bigint", (column) => column.notNull())
      .addColumn("failure_reason", "text")
      .addUniqueConstraint("tasks_number", ["app_guid", "sequence_id"])
      .execute();
    await createIndex(db, "tasks", ["app_guid", "state"]);
    await createIndex(db, "tasks", ["state"]);
    await createIndex(db, "tasks", ["name"]);
    await createIndex(db, "tasks", ["created_at"]);
    await createIndex(db, "tasks", ["updated_at"]);
    await db.schema
      .createTable("task_sequences")
      .addColumn("app_guid", "text", (column) => column.primaryKey())
      .addColumn("last", "integer", (column) => column.notNull())
      .execute();
  },
};
