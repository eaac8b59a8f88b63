import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex, recordTable } from "./0001-core.ts";

/** Packages, builds, droplets, buildpacks and the resource cache. */
export const staging: Migration = {
  async up(db: Kysely<unknown>) {
    await createPackages(db);
    await createBuilds(db);
    await createBuildpacks(db);
  },
};

async function createPackages(db: Kysely<unknown>): Promise<void> {
  await recordTable(db, "packages")
    .addColumn("app_guid", "text", (column) => column.notNull().references("apps.guid"))
    .addColumn("type", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("sha256", "text")
    .addColumn("error", "text")
    .addColumn("image", "text")
    .addColumn("username", "text")
    .addColumn("password", "text")
    .addColumn("copied_from", "text")
    .execute();
  await createIndex(db, "packages", ["app_guid", "state"]);
  await createIndex(db, "packages", ["state"]);
  await createIndex(db, "packages", ["created_at"]);
  await db.schema
    .createTable("resources")
    .addColumn("sha1", "text", (column) => column.notNull())
    .addColumn("organization_guid", "text", (column) => column.notNull())
    .addColumn("size", "integer", (column) => column.notNull())
    .addColumn("pack_guid", "text", (column) => column.notNull())
    .addColumn("offset", "integer", (column) => column.notNull())
    .addColumn("compressed_size", "integer", (column) => column.notNull())
    .addColumn("method", "integer", (column) => column.notNull())
    .addColumn("crc32", "integer", (column) => column.notNull())
    .addColumn("created_at", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("resources_key", ["sha1", "organization_guid"])
    .execute();
  await createIndex(db, "resources", ["pack_guid"]);
}

async function createBuilds(db: Kysely<unknown>): Promise<void> {
  await recordTable(db, "builds")
    .addColumn("app_guid", "text", (column) => column.notNull().references("apps.guid"))
    .addColumn("package_guid", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("error_id", "text")
    .addColumn("error_description", "text")
    .addColumn("lifecycle_type", "text", (column) => column.notNull())
    .addColumn("stack", "text")
    .addColumn("buildpacks", "text", (column) => column.notNull())
    .addColumn("staging_memory_in_mb", "integer", (column) => column.notNull())
    .addColumn("staging_disk_in_mb", "integer", (column) => column.notNull())
    .addColumn("staging_log_rate_limit", "integer", (column) => column.notNull())
    .addColumn("created_by_guid", "text", (column) => column.notNull())
    .addColumn("created_by_name", "text", (column) => column.notNull())
    .addColumn("created_by_email", "text", (column) => column.notNull())
    .execute();
  await createIndex(db, "builds", ["app_guid", "state"]);
  await createIndex(db, "builds", ["package_guid"]);
  await createIndex(db, "builds", ["state"]);
  // "Only one build can be STAGING at a time per application", also for two requests at once.
  await sql`create unique index builds_staging_once on builds (app_guid) where state = 'STAGING'`.execute(
    db,
  );
  await recordTable(db, "droplets")
    .addColumn("app_guid", "text", (column) => column.notNull().references("apps.guid"))
    .addColumn("package_guid", "text")
    .addColumn("build_guid", "text")
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("sha1", "text")
    .addColumn("sha256", "text")
    .addColumn("lifecycle_type", "text", (column) => column.notNull())
    .addColumn("stack", "text")
    .addColumn("buildpacks", "text", (column) => column.notNull())
    .addColumn("process_types", "text", (column) => column.notNull())
    .addColumn("sidecars", "text", (column) => column.notNull())
    .addColumn("execution_metadata", "text", (column) => column.notNull())
    .addColumn("image", "text")
    .addColumn("error_id", "text")
    .addColumn("error_description", "text")
    .addColumn("copied_from", "text")
    .execute();
  await createIndex(db, "droplets", ["app_guid", "state"]);
  await createIndex(db, "droplets", ["package_guid"]);
  await createIndex(db, "droplets", ["build_guid"]);
  await createIndex(db, "droplets", ["state"]);
}

async function createBuildpacks(db: Kysely<unknown>): Promise<void> {
  await recordTable(db, "buildpacks")
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("stack", "text")
    .addColumn("lifecycle", "text", (column) => column.notNull())
    .addColumn("position", "integer", (column) => column.notNull())
    .addColumn("enabled", "integer", (column) => column.notNull())
    .addColumn("locked", "integer", (column) => column.notNull())
    .addColumn("filename", "text")
    .addColumn("sha256", "text")
    .addColumn("shipped_sha256", "text")
    .execute();
  await sql`create unique index buildpacks_once on buildpacks
    (name, lifecycle, ifnull(stack, ''))`.execute(db);
  await createIndex(db, "buildpacks", ["position"]);
  // The checksum belongs to the blob of that stack: one for all stacks made a change of stack lose the cache silently.
  await db.schema
    .createTable("buildpack_caches")
    .addColumn("app_guid", "text", (column) => column.notNull())
    .addColumn("stack", "text", (column) => column.notNull())
    .addColumn("sha256", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("buildpack_caches_key", ["app_guid", "stack"])
    .execute();
}
