import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Who asked for a job, as the events name him that it records when it runs, perhaps after a restart. */
export const jobActors: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("jobs").addColumn("actor_type", "text").execute();
    await db.schema.alterTable("jobs").addColumn("actor_name", "text").execute();
    await sql`update jobs set actor_type = 'user',
      actor_name = (select username from users where users.guid = jobs.user_guid)
      where state = 'PROCESSING' and user_guid <> ''`.execute(db);
  },
};
