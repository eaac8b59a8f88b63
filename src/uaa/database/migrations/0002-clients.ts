import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

export const clients: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("oauth_clients")
      .addColumn("client_id", "text", (column) => column.primaryKey())
      .addColumn("secret_hash", "text", (column) => column.notNull())
      .addColumn("grant_types", "text", (column) => column.notNull())
      .addColumn("scopes", "text", (column) => column.notNull())
      .addColumn("authorities", "text", (column) => column.notNull())
      .addColumn("redirect_uris", "text", (column) => column.notNull())
      .addColumn("auto_approve", "text", (column) => column.notNull())
      .addColumn("access_token_validity", "integer", (column) => column.notNull())
      .addColumn("refresh_token_validity", "integer", (column) => column.notNull())
      .addColumn("allow_public", "integer", (column) => column.notNull())
      .addColumn("name", "text")
      .addColumn("jwks", "text")
      .addColumn("token_salt", "text", (column) => column.notNull())
      .addColumn("updated_at", "integer", (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex("sessions_client")
      .on("sessions")
      .columns(["client_id", "user_guid"])
      .execute();
  },
};
