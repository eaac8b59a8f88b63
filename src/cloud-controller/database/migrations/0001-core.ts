import { sql, type CreateTableBuilder, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Names compare without regard to case, as CC's citext columns do. */
const caseless = sql`text collate nocase`;

/** Tenancy, apps, processes, routes and what belongs to all resources. */
export const core: Migration = {
  async up(db: Kysely<unknown>) {
    await createTenancy(db);
    await createApps(db);
    await createRouting(db);
    await createPlatform(db);
  },
};

/** A table with the columns of every resource (`database/record.ts`). */
export function recordTable(db: Kysely<unknown>, name: string): CreateTableBuilder<string> {
  return db.schema
    .createTable(name)
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("guid", "text", (column) => column.notNull().unique())
    .addColumn("created_at", "text", (column) => column.notNull())
    .addColumn("updated_at", "text", (column) => column.notNull());
}

async function createTenancy(db: Kysely<unknown>): Promise<void> {
  await recordTable(db, "organization_quotas")
    .addColumn("name", caseless, (column) => column.notNull().unique())
    .addColumn("limits", "text", (column) => column.notNull())
    .execute();
  await recordTable(db, "organizations")
    .addColumn("name", caseless, (column) => column.notNull().unique())
    .addColumn("suspended", "integer", (column) => column.notNull())
    .addColumn("quota_guid", "text", (column) =>
      column.notNull().references("organization_quotas.guid"),
    )
    .execute();
  await recordTable(db, "spaces")
    .addColumn("name", caseless, (column) => column.notNull())
    .addColumn("organization_guid", "text", (column) =>
      column.notNull().references("organizations.guid"),
    )
    .addColumn("allow_ssh", "integer", (column) => column.notNull())
    .addUniqueConstraint("spaces_name", ["organization_guid", "name"])
    .execute();
  await recordTable(db, "users")
    .addColumn("username", "text")
    .addColumn("origin", "text")
    .execute();
  await createIndex(db, "users", ["username"]);
  await recordTable(db, "roles")
    .addColumn("type", "text", (column) => column.notNull())
    .addColumn("user_guid", "text", (column) => column.notNull().references("users.guid"))
    .addColumn("organization_guid", "text", (column) => column.references("organizations.guid"))
    .addColumn("space_guid", "text", (column) => column.references("spaces.guid"))
    .execute();
  await sql`create unique index roles_once on roles
    (user_guid, type, ifnull(organization_guid, ''), ifnull(space_guid, ''))`.execute(db);
  await createIndex(db, "roles", ["organization_guid"]);
  await createIndex(db, "roles", ["space_guid"]);
}

async function createApps(db: Kysely<unknown>): Promise<void> {
  await recordTable(db, "apps")
    .addColumn("name", caseless, (column) => column.notNull())
    .addColumn("space_guid", "text", (column) => column.notNull().references("spaces.guid"))
    .addColumn("desired_state", "text", (column) => column.notNull())
    .addColumn("droplet_guid", "text")
    .addColumn("lifecycle_type", "text", (column) => column.notNull())
    .addColumn("stack", "text")
    .addColumn("buildpacks", "text", (column) => column.notNull())
    .addColumn("environment_variables", "text", (column) => column.notNull())
    .addColumn("enable_ssh", "integer", (column) => column.notNull())
    .addColumn("revisions_enabled", "integer", (column) => column.notNull())
    .addColumn("service_binding_k8s_enabled", "integer", (column) => column.notNull())
    .addColumn("file_based_vcap_services_enabled", "integer", (column) => column.notNull())
    .addUniqueConstraint("apps_name", ["space_guid", "name"])
    .execute();
  await createIndex(db, "apps", ["created_at"]);
  await createIndex(db, "apps", ["droplet_guid"]);
  await recordTable(db, "processes")
    .addColumn("app_guid", "text", (column) => column.notNull().references("apps.guid"))
    .addColumn("type", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("command", "text")
    .addColumn("user", "text")
    .addColumn("instances", "integer", (column) => column.notNull())
    .addColumn("memory_in_mb", "integer", (column) => column.notNull())
    .addColumn("disk_in_mb", "integer", (column) => column.notNull())
    .addColumn("log_rate_limit_in_bytes_per_second", "integer", (column) => column.notNull())
    .addColumn("health_check", "text", (column) => column.notNull())
    .addColumn("readiness_health_check", "text", (column) => column.notNull())
    .execute();
  await createIndex(db, "processes", ["app_guid", "type"]);
  await createIndex(db, "processes", ["state"]);
}

async function createRouting(db: Kysely<unknown>): Promise<void> {
  await recordTable(db, "domains")
    .addColumn("name", caseless, (column) => column.notNull().unique())
    .addColumn("internal", "integer", (column) => column.notNull())
    .addColumn("organization_guid", "text", (column) => column.references("organizations.guid"))
    .execute();
  await recordTable(db, "routes")
    .addColumn("space_guid", "text", (column) => column.notNull().references("spaces.guid"))
    .addColumn("domain_guid", "text", (column) => column.notNull().references("domains.guid"))
    .addColumn("host", caseless, (column) => column.notNull())
    .addColumn("path", caseless, (column) => column.notNull())
    .addColumn("options", "text", (column) => column.notNull())
    .addUniqueConstraint("routes_address", ["domain_guid", "host", "path"])
    .execute();
  await createIndex(db, "routes", ["space_guid"]);
  await recordTable(db, "destinations")
    .addColumn("route_guid", "text", (column) =>
      column.notNull().references("routes.guid").onDelete("cascade"),
    )
    .addColumn("app_guid", "text", (column) => column.notNull().references("apps.guid"))
    .addColumn("process_type", "text", (column) => column.notNull())
    .addColumn("port", "integer")
    .addColumn("weight", "integer")
    .addColumn("protocol", "text", (column) => column.notNull())
    .execute();
  await sql`create unique index destinations_once on destinations
    (route_guid, app_guid, process_type, ifnull(port, -1))`.execute(db);
  await createIndex(db, "destinations", ["app_guid", "process_type"]);
}

async function createPlatform(db: Kysely<unknown>): Promise<void> {
  await recordTable(db, "stacks")
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("description", "text")
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("state_reason", "text")
    .addColumn("is_default", "integer", (column) => column.notNull())
    .execute();
  await recordTable(db, "jobs")
    .addColumn("operation", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("payload", "text", (column) => column.notNull())
    .addColumn("resource_guid", "text")
    .addColumn("resource_type", "text")
    .addColumn("user_guid", "text")
    .addColumn("errors", "text", (column) => column.notNull())
    .addColumn("warnings", "text", (column) => column.notNull())
    .execute();
  await createIndex(db, "jobs", ["state", "id"]);
  await createIndex(db, "jobs", ["created_at"]);
  await recordTable(db, "audit_events")
    .addColumn("type", "text", (column) => column.notNull())
    .addColumn("actor_guid", "text", (column) => column.notNull())
    .addColumn("actor_type", "text", (column) => column.notNull())
    .addColumn("actor_name", "text", (column) => column.notNull())
    .addColumn("target_guid", "text", (column) => column.notNull())
    .addColumn("target_type", "text", (column) => column.notNull())
    .addColumn("target_name", "text", (column) => column.notNull())
    .addColumn("space_guid", "text")
    .addColumn("organization_guid", "text")
    .addColumn("data", "text", (column) => column.notNull())
    .execute();
  await createIndex(db, "audit_events", ["target_guid", "created_at"]);
  await createIndex(db, "audit_events", ["space_guid", "created_at"]);
  await createIndex(db, "audit_events", ["organization_guid", "created_at"]);
  await createIndex(db, "audit_events", ["created_at"]);
  await recordTable(db, "feature_flags")
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("enabled", "integer", (column) => column.notNull())
    .addColumn("custom_error_message", "text")
    .execute();
  await recordTable(db, "environment_variable_groups")
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("variables", "text", (column) => column.notNull())
    .addColumn("host_variables", "text", (column) => column.notNull())
    .execute();
  await recordTable(db, "security_groups")
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("rules", "text", (column) => column.notNull())
    .addColumn("running_default", "integer", (column) => column.notNull())
    .addColumn("staging_default", "integer", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("metadata")
    .addColumn("resource_type", "text", (column) => column.notNull())
    .addColumn("resource_guid", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("metadata_key", ["resource_type", "resource_guid", "kind", "key"])
    .execute();
  await createIndex(db, "metadata", ["resource_type", "kind", "key", "value"]);
}

export async function createIndex(
  db: Kysely<unknown>,
  table: string,
  columns: readonly string[],
): Promise<void> {
  await db.schema
    .createIndex(`${table}_by_${columns.join("_")}`)
    .on(table)
    .columns([...columns])
    .execute();
}
