import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { clients } from "./migrations/0002-clients.ts";
import { codesAndWebSessions } from "./migrations/0003-codes-and-web-sessions.ts";
import { groups } from "./migrations/0004-groups.ts";
import { keyRotation } from "./migrations/0005-key-rotation.ts";
import { accounts } from "./migrations/0006-accounts.ts";

export const uaaMigrations: Readonly<Record<string, Migration>> = {
  "0001-users-sessions-keys": {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable("users")
        .addColumn("guid", "text", (column) => column.primaryKey())
        .addColumn("user_name", "text", (column) => column.notNull())
        .addColumn("user_name_key", "text", (column) => column.notNull())
        .addColumn("origin", "text", (column) => column.notNull())
        .addColumn("email", "text", (column) => column.notNull())
        .addColumn("given_name", "text", (column) => column.notNull())
        .addColumn("family_name", "text", (column) => column.notNull())
        .addColumn("password_hash", "text", (column) => column.notNull())
        .addColumn("version", "integer", (column) => column.notNull())
        .addColumn("created_at", "integer", (column) => column.notNull())
        .addColumn("updated_at", "integer", (column) => column.notNull())
        .addColumn("password_changed_at", "integer", (column) => column.notNull())
        .addUniqueConstraint("users_name_origin", ["user_name_key", "origin"])
        .execute();
      await db.schema
        .createTable("user_groups")
        .addColumn("user_guid", "text", (column) =>
          column.notNull().references("users.guid").onDelete("cascade"),
        )
        .addColumn("name", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("user_groups_pk", ["user_guid", "name"])
        .execute();
      await db.schema
        .createTable("sessions")
        .addColumn("guid", "text", (column) => column.primaryKey())
        .addColumn("refresh_token_hash", "text", (column) => column.notNull().unique())
        .addColumn("user_guid", "text", (column) =>
          column.notNull().references("users.guid").onDelete("cascade"),
        )
        .addColumn("client_id", "text", (column) => column.notNull())
        .addColumn("scopes", "text", (column) => column.notNull())
        .addColumn("authenticated_at", "integer", (column) => column.notNull())
        .addColumn("expires_at", "integer", (column) => column.notNull())
        .execute();
      await db.schema.createIndex("sessions_user").on("sessions").column("user_guid").execute();
      await db.schema.createIndex("sessions_expiry").on("sessions").column("expires_at").execute();
      await db.schema
        .createTable("login_failures")
        .addColumn("user_name_key", "text", (column) => column.primaryKey())
        .addColumn("failures", "integer", (column) => column.notNull())
        .addColumn("first_at", "integer", (column) => column.notNull())
        .addColumn("last_at", "integer", (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex("login_failures_last")
        .on("login_failures")
        .column("last_at")
        .execute();
      await db.schema
        .createTable("signing_keys")
        .addColumn("kid", "text", (column) => column.primaryKey())
        .addColumn("private_key", "text", (column) => column.notNull())
        .addColumn("created_at", "integer", (column) => column.notNull())
        .execute();
    },
  },
  "0002-clients": clients,
  "0003-codes-and-web-sessions": codesAndWebSessions,
  "0004-groups": groups,
  "0005-key-rotation": keyRotation,
  "0006-accounts": accounts,
};
