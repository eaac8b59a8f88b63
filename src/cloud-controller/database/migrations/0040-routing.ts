import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex, recordTable } from "./0001-core.ts";

/** Sharing of domains and routes, route policies, and a port for every destination. */
export const routing: Migration = {
  async up(db: Kysely<unknown>) {
    await createShares(db);
    await createRoutePolicies(db);
    await givePorts(db);
    await createIndex(db, "routes", ["host"]);
    await createIndex(db, "domains", ["organization_guid"]);
  },
};

async function createShares(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("domain_shares")
    .addColumn("domain_guid", "text", (column) =>
      column.notNull().references("domains.guid").onDelete("cascade"),
    )
    .addColumn("organization_guid", "text", (column) =>
      column.notNull().references("organizations.guid").onDelete("cascade"),
    )
    .addPrimaryKeyConstraint("domain_shares_key", ["domain_guid", "organization_guid"])
    .execute();
  await createIndex(db, "domain_shares", ["organization_guid"]);
  await db.schema
    .createTable("route_shares")
    .addColumn("route_guid", "text", (column) =>
      column.notNull().references("routes.guid").onDelete("cascade"),
    )
    .addColumn("space_guid", "text", (column) =>
      column.notNull().references("spaces.guid").onDelete("cascade"),
    )
    .addPrimaryKeyConstraint("route_shares_key", ["route_guid", "space_guid"])
    .execute();
  await createIndex(db, "route_shares", ["space_guid"]);
}

async function createRoutePolicies(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable("domains")
    .addColumn("enforce_route_policies", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable("domains").addColumn("route_policies_scope", "text").execute();
  await recordTable(db, "route_policies")
    .addColumn("route_guid", "text", (column) =>
      column.notNull().references("routes.guid").onDelete("cascade"),
    )
    .addColumn("source_type", "text", (column) => column.notNull())
    .addColumn("source_guid", "text", (column) => column.notNull())
    .addUniqueConstraint("route_policies_source", ["route_guid", "source_type", "source_guid"])
    .execute();
  await createIndex(db, "route_policies", ["source_guid"]);
}

/** "The process's first port" has always been 8080 for a buildpack app, and is that from now on by its number. */
async function givePorts(db: Kysely<unknown>): Promise<void> {
  await sql`delete from destinations where port is null and exists (
    select 1 from destinations as other where other.port = 8080
      and other.route_guid = destinations.route_guid
      and other.app_guid = destinations.app_guid
      and other.process_type = destinations.process_type)`.execute(db);
  await sql`update destinations set port = 8080 where port is null`.execute(db);
}
