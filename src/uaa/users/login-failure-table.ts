import type { Kysely } from "kysely";
import type { UaaSchema } from "../database/schema.ts";
import { rememberedMs, type LockoutPolicy, type LoginFailures } from "./lockout.ts";

/** Failed logins, a row for each user name tried; rows that lock nothing any more are cleared as new ones come. */
export class LoginFailureTable {
  readonly policy: LockoutPolicy;
  readonly #db: Kysely<UaaSchema>;

  constructor(db: Kysely<UaaSchema>, policy: LockoutPolicy) {
    this.#db = db;
    this.policy = policy;
  }

  find(userNameKey: string): Promise<LoginFailures | undefined> {
    return this.#db
      .selectFrom("loginFailures")
      .select(["failures", "firstAt", "lastAt"])
      .where("userNameKey", "=", userNameKey)
      .executeTakeFirst();
  }

  async save(userNameKey: string, record: LoginFailures): Promise<void> {
    await this.#db
      .insertInto("loginFailures")
      .values({ userNameKey, ...record })
      .onConflict((conflict) => conflict.column("userNameKey").doUpdateSet({ ...record }))
      .execute();
    await this.#db
      .deleteFrom("loginFailures")
      .where("lastAt", "<", record.lastAt - rememberedMs(this.policy))
      .execute();
  }

  async clear(userNameKey: string): Promise<void> {
    await this.#db.deleteFrom("loginFailures").where("userNameKey", "=", userNameKey).execute();
  }
}
