import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex } from "./0001-core.ts";

/** Which process makes a package, and when it last said that it is alive. What was in the works has been interrupted. */
export const packageLeases: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("packages").addColumn("processed_by", "text").execute();
    await db.schema.alterTable("packages").addColumn("processed_at", "text").execute();
    await sql`update packages set processed_by = '', processed_at = ''
      where state in ('PROCESSING_UPLOAD', 'COPYING')`.execute(db);
    await createIndex(db, "packages", ["processed_by"]);
  },
};
