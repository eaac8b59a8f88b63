import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex } from "./0001-core.ts";

/**
 * A page of the apps that a developer sees ends with its last row in each of his spaces; by the index of names all of his
 * apps were read and sorted, and their count went through their names.
 */
export const appsBySpace: Migration = {
  async up(db: Kysely<unknown>) {
    await createIndex(db, "apps", ["space_guid", "id"]);
  },
};
