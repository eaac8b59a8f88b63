import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** A key signs from `signs_from` on, until another one does; older rows sign from their creation. */
export const keyRotation: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable("signing_keys")
      .addColumn("signs_from", "integer", (column) => column.notNull().defaultTo(0))
      .execute();
  },
};
