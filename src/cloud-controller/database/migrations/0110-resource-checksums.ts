import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * `packed_crc32`: of a content's compressed bytes, so that a package is made of them without inflating them again. Null
 * for what came before: that is inflated and proved by its SHA-256, as it was.
 */
export const resourceChecksums: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("resource_files").addColumn("packed_crc32", "integer").execute();
  },
};
