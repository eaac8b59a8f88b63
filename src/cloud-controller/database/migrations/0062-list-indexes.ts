import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex } from "./0001-core.ts";

const large = [
  "apps",
  "processes",
  "routes",
  "packages",
  "builds",
  "droplets",
  "audit_events",
] as const;

/**
 * A page in any order is read from an index, with the id that breaks ties: Cloud Controller came to the same ones. Names
 * order across spaces too; the unique ones begin with the space.
 */
export const listIndexes: Migration = {
  async up(db: Kysely<unknown>) {
    for (const table of large) {
      await createIndex(db, table, ["created_at", "id"]);
      await createIndex(db, table, ["updated_at", "id"]);
    }
    await createIndex(db, "apps", ["name", "id"]);
    await createIndex(db, "audit_events", ["type", "id"]);
    // Whether a revision may go is asked for each of them.
    await createIndex(db, "processes", ["revision_guid"]);
  },
};
