import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** By which a job's lines in the log are found, also after a restart. */
export const jobRequests: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("jobs").addColumn("request_id", "text").execute();
  },
};
