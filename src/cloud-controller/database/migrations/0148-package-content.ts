import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** What a large package is made of, so that the same again is not made again. */
export const packageContent: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("packages").addColumn("content_key", "text").execute();
  },
};
