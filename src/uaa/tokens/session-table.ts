import { createHash, randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { asGuid, type Guid } from "#kernel/guid.ts";
import type { UaaSchema } from "../database/schema.ts";
import type { UserGuid } from "../users/user-table.ts";

export type SessionGuid = Guid<"session">;

/**
 * One login of a user through a client: what its refresh token stands for. It ends with its expiry, a logout, a new
 * password, or the user; access tokens name it in their `jti`, so that revoking one ends it.
 */
export interface Session {
  readonly guid: SessionGuid;
  readonly userGuid: UserGuid;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly authenticatedAt: number;
  readonly expiresAt: number;
}

export class SessionTable {
  readonly #db: Kysely<UaaSchema>;

  constructor(db: Kysely<UaaSchema>) {
    this.#db = db;
  }

  /**
   * Gives the refresh token, which is kept nowhere. It stays the same for the life of the session, as UAA has it by
   * default: two commands of the official client that refresh at once must not lock each other out.
   */
  async open(session: Session, now: number): Promise<string> {
    const refreshToken = `${randomBytes(32).toString("base64url")}-r`;
    await this.#db.deleteFrom("sessions").where("expiresAt", "<=", now).execute();
    await this.#db
      .insertInto("sessions")
      .values({
        ...session,
        scopes: session.scopes.join(" "),
        refreshTokenHash: hashOf(refreshToken),
      })
      .execute();
    return refreshToken;
  }

  async byRefreshToken(refreshToken: string, now: number): Promise<Session | undefined> {
    const row = await this.#db
      .selectFrom("sessions")
      .select(["guid", "userGuid", "clientId", "scopes", "authenticatedAt", "expiresAt"])
      .where("refreshTokenHash", "=", hashOf(refreshToken))
      .where("expiresAt", ">", now)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return {
      ...row,
      guid: asGuid<"session">(row.guid),
      userGuid: asGuid<"user">(row.userGuid),
      scopes: row.scopes.split(" ").filter(Boolean),
    };
  }

  async owner(guid: SessionGuid): Promise<UserGuid | undefined> {
    const row = await this.#db
      .selectFrom("sessions")
      .select("userGuid")
      .where("guid", "=", guid)
      .executeTakeFirst();
    return row === undefined ? undefined : asGuid<"user">(row.userGuid);
  }

  async end(guid: SessionGuid): Promise<void> {
    await this.#db.deleteFrom("sessions").where("guid", "=", guid).execute();
  }
}

function hashOf(refreshToken: string): string {
  return createHash("sha256").update(refreshToken).digest("base64url");
}
