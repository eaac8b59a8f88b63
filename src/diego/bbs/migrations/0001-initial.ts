import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

// Instants are milliseconds since the epoch. `definition` holds protobuf: a whole DesiredLRP or TaskDefinition in its
// wire form, of which the other columns are what queries select by and what changes.
export const initial: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("domains")
      .addColumn("domain", "text", (column) => column.primaryKey())
      .addColumn("expires_at", "integer")
      .execute();
    await db.schema
      .createTable("desired_lrps")
      .addColumn("process_guid", "text", (column) => column.primaryKey())
      .addColumn("domain", "text", (column) => column.notNull())
      .addColumn("instances", "integer", (column) => column.notNull())
      .addColumn("epoch", "text", (column) => column.notNull())
      .addColumn("modification_index", "integer", (column) => column.notNull())
      .addColumn("log_guid", "text", (column) => column.notNull())
      .addColumn("annotation", "text", (column) => column.notNull())
      .addColumn("memory_mb", "integer", (column) => column.notNull())
      .addColumn("disk_mb", "integer", (column) => column.notNull())
      .addColumn("max_pids", "integer", (column) => column.notNull())
      .addColumn("root_fs", "text", (column) => column.notNull())
      .addColumn("routes", "text", (column) => column.notNull())
      .addColumn("placement_tags", "text", (column) => column.notNull())
      .addColumn("definition", "blob", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("actual_lrps")
      .addColumn("process_guid", "text", (column) => column.notNull())
      .addColumn("instance_index", "integer", (column) => column.notNull())
      .addColumn("presence", "text", (column) => column.notNull())
      .addColumn("domain", "text", (column) => column.notNull())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("instance_guid", "text", (column) => column.notNull())
      .addColumn("cell_id", "text", (column) => column.notNull())
      .addColumn("net_info", "text", (column) => column.notNull())
      .addColumn("metric_tags", "text", (column) => column.notNull())
      .addColumn("routable", "integer", (column) => column.notNull())
      .addColumn("placement_error", "text", (column) => column.notNull())
      .addColumn("crash_count", "integer", (column) => column.notNull())
      .addColumn("crash_reason", "text", (column) => column.notNull())
      .addColumn("since", "integer", (column) => column.notNull())
      .addColumn("epoch", "text", (column) => column.notNull())
      .addColumn("modification_index", "integer", (column) => column.notNull())
      .addPrimaryKeyConstraint("actual_lrps_key", ["process_guid", "instance_index", "presence"])
      .execute();
    await db.schema
      .createTable("tasks")
      .addColumn("task_guid", "text", (column) => column.primaryKey())
      .addColumn("domain", "text", (column) => column.notNull())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("cell_id", "text", (column) => column.notNull())
      .addColumn("created_at", "integer", (column) => column.notNull())
      .addColumn("updated_at", "integer", (column) => column.notNull())
      .addColumn("first_completed_at", "integer")
      .addColumn("result", "text", (column) => column.notNull())
      .addColumn("failed", "integer", (column) => column.notNull())
      .addColumn("failure_reason", "text", (column) => column.notNull())
      .addColumn("rejection_count", "integer", (column) => column.notNull())
      .addColumn("rejection_reason", "text", (column) => column.notNull())
      .addColumn("definition", "blob", (column) => column.notNull())
      .execute();
    for (const [table, column] of [
      ["desired_lrps", "domain"],
      ["actual_lrps", "domain"],
      ["actual_lrps", "cell_id"],
      ["tasks", "domain"],
      ["tasks", "cell_id"],
    ] as const) {
      await sql`create index ${sql.id(`${table}_${column}`)} on ${sql.id(table)} (${sql.id(column)})`.execute(
        db,
      );
    }
  },
};
