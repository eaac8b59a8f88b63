import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

export const codesAndWebSessions: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("one_time_codes")
      .addColumn("code_hash", "text", (column) => column.primaryKey())
      .addColumn("purpose", "text", (column) => column.notNull())
      .addColumn("user_guid", "text", (column) =>
        column.notNull().references("users.guid").onDelete("cascade"),
      )
      .addColumn("content", "text", (column) => column.notNull())
      .addColumn("expires_at", "integer", (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex("one_time_codes_user")
      .on("one_time_codes")
      .columns(["user_guid", "purpose"])
      .execute();
    await db.schema
      .createIndex("one_time_codes_expiry")
      .on("one_time_codes")
      .column("expires_at")
      .execute();
    await db.schema
      .alterTable("sessions")
      .addColumn("grant_type", "text", (column) => column.notNull().defaultTo("password"))
      .execute();
    await db.schema
      .createTable("web_sessions")
      .addColumn("token_hash", "text", (column) => column.primaryKey())
      .addColumn("user_guid", "text", (column) =>
        column.notNull().references("users.guid").onDelete("cascade"),
      )
      .addColumn("authenticated_at", "integer", (column) => column.notNull())
      .addColumn("expires_at", "integer", (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex("web_sessions_user")
      .on("web_sessions")
      .column("user_guid")
      .execute();
    await db.schema
      .createIndex("web_sessions_expiry")
      .on("web_sessions")
      .column("expires_at")
      .execute();
  },
};
