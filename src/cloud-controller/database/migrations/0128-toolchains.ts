import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * What stands beside the stack: of a buildpack what its manifest asks for, null for nothing; of a build what it was
 * staged with, by whose wish; of a droplet what its containers get, null where nobody knows: all that the cell has. So
 * apps that were staged before go on as they were.
 */
export const toolchains: Migration = {
  async up(db: Kysely<unknown>) {
    for (const table of ["buildpacks", "builds", "droplets"]) {
      await db.schema.alterTable(table).addColumn("toolchains", "text").execute();
    }
  },
};
