import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

export const accounts: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable("users")
      .addColumn("is_active", "integer", (column) => column.notNull().defaultTo(1))
      .execute();
    await db.schema
      .alterTable("users")
      .addColumn("is_verified", "integer", (column) => column.notNull().defaultTo(1))
      .execute();
    await db.schema
      .createIndex("users_created")
      .on("users")
      .columns(["created_at", "guid"])
      .execute();
    await db.schema.createIndex("users_email").on("users").column("email").execute();
    // The password that the configuration last set, so that one changed since, by its owner, outlives a restart.
    await db.schema
      .createTable("configured_passwords")
      .addColumn("user_guid", "text", (column) =>
        column.primaryKey().references("users.guid").onDelete("cascade"),
      )
      .addColumn("password_hash", "text", (column) => column.notNull())
      .execute();
  },
};
