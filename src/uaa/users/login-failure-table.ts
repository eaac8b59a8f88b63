import type { Kysely } from "kysely";
import type { UaaSchema } from "../database/schema.ts";
import { lockoutPolicy, type LoginFailures } from "./lockout.ts";

/** Failed logins, a row for each user name tried; rows outside the window are cleared as new ones come. */
export class LoginFailureTable {
  readonly #db: Kysely<UaaSchema>;

  constructor(db: Kysely<UaaSchema>) {
    this.#db = db;
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
      .where("lastAt", "<", record.lastAt - lockoutPolicy.countedWithinMs)
      .execute();
  }

  async clear(userNameKey: string): Promise<void> {
    await this.#db.deleteFrom("loginFailures").where("userNameKey", "=", userNameKey).execute();
  }
}
