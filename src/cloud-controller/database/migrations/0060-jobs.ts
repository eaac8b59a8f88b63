import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex } from "./0001-core.ts";

/** Who runs a job and since when, how often it has failed, and before which instant it is not tried again. */
export const jobLeases: Migration = {
  async up(db: Kysely<unknown>) {
    const table = () => db.schema.alterTable("jobs");
    await table()
      .addColumn("attempts", "integer", (column) => column.notNull().defaultTo(0))
      .execute();
    await table().addColumn("run_at", "text").execute();
    await table().addColumn("locked_by", "text").execute();
    await table().addColumn("locked_at", "text").execute();
    await createIndex(db, "jobs", ["locked_by"]);
  },
};
