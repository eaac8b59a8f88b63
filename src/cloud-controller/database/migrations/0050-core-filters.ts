import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex } from "./0001-core.ts";

/** Indexes for lists by stack: `GET /v3/stacks/:guid/apps`, `stacks=`, and whether a stack may be deleted. */
export const coreFilters: Migration = {
  async up(db: Kysely<unknown>) {
    await createIndex(db, "apps", ["stack"]);
  },
};
