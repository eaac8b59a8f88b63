import { createHash, randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { asGuid } from "#kernel/guid.ts";
import type { UaaSchema } from "../database/schema.ts";
import type { UserGuid } from "../users/user-table.ts";

/** As long as UAA's: half an hour. */
export const webSessionSeconds = 1_800;

export interface WebSession {
  readonly userGuid: UserGuid;
  /** Milliseconds since the epoch. */
  readonly authenticatedAt: number;
}

/** Who is logged in in a browser: what the session cookie stands for. Only the cookie's hash is kept. */
export class WebSessionTable {
  readonly #db: Kysely<UaaSchema>;

  constructor(db: Kysely<UaaSchema>) {
    this.#db = db;
  }

  /** Gives the cookie's value, a new one at each login. */
  async open(userGuid: UserGuid, now: number): Promise<string> {
    const token = randomBytes(32).toString("base64url");
    await this.#db
      .insertInto("webSessions")
      .values({
        tokenHash: hashOf(token),
        userGuid,
        authenticatedAt: now,
        expiresAt: now + webSessionSeconds * 1_000,
      })
      .execute();
    return token;
  }

  async find(token: string, now: number): Promise<WebSession | undefined> {
    const row = await this.#db
      .selectFrom("webSessions")
      .select(["userGuid", "authenticatedAt"])
      .where("tokenHash", "=", hashOf(token))
      .where("expiresAt", ">", now)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return { ...row, userGuid: asGuid<"user">(row.userGuid) };
  }

  async end(token: string): Promise<void> {
    await this.#db.deleteFrom("webSessions").where("tokenHash", "=", hashOf(token)).execute();
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
