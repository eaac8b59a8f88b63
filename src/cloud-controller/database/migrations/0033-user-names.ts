import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Users are looked up by name without regard to case, as in UAA. */
export const userNames: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createIndex("users_by_lower_username")
      .on("users")
      .expression(sql`lower(username)`)
      .execute();
  },
};
