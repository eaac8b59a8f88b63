import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex } from "./0001-core.ts";

/** Which security groups hold in which space, for its running apps or its stagings. */
export const securityGroupBindings: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("security_group_bindings")
      .addColumn("security_group_guid", "text", (column) =>
        column.notNull().references("security_groups.guid"),
      )
      .addColumn("space_guid", "text", (column) => column.notNull().references("spaces.guid"))
      .addColumn("phase", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("security_group_bindings_key", [
        "security_group_guid",
        "space_guid",
        "phase",
      ])
      .execute();
    await createIndex(db, "security_group_bindings", ["space_guid", "phase"]);
  },
};
