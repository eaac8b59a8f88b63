import { createHash, randomBytes } from "node:crypto";
import type { Kysely, Selectable } from "kysely";
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
  /** The grant that opened it; refreshed tokens name it, too. */
  readonly grantType: string;
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
  async open(session: Session): Promise<string> {
    const refreshToken = `${randomBytes(32).toString("base64url")}-r`;
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
      .selectAll()
      .where("refreshTokenHash", "=", hashOf(refreshToken))
      .where("expiresAt", ">", now)
      .executeTakeFirst();
    return row === undefined ? undefined : toSession(row);
  }

  async byGuid(guid: SessionGuid): Promise<Session | undefined> {
    const row = await this.#db
      .selectFrom("sessions")
      .selectAll()
      .where("guid", "=", guid)
      .executeTakeFirst();
    return row === undefined ? undefined : toSession(row);
  }

  /** Those of a user, of a client, or of a user through a client: newest first, 500 at most. */
  async list(of: SessionFilter, now: number): Promise<readonly Session[]> {
    const rows = await this.#db
      .selectFrom("sessions")
      .selectAll()
      .where("expiresAt", ">", now)
      .$if(of.userGuid !== undefined, (query) => query.where("userGuid", "=", of.userGuid ?? ""))
      .$if(of.clientId !== undefined, (query) => query.where("clientId", "=", of.clientId ?? ""))
      .orderBy("authenticatedAt", "desc")
      .orderBy("guid")
      .limit(500)
      .execute();
    return rows.map(toSession);
  }

  async end(guid: SessionGuid): Promise<void> {
    await this.#db.deleteFrom("sessions").where("guid", "=", guid).execute();
  }

  async endAllOf(userGuid: UserGuid, clientId?: string): Promise<void> {
    await this.#db
      .deleteFrom("sessions")
      .where("userGuid", "=", userGuid)
      .$if(clientId !== undefined, (query) => query.where("clientId", "=", clientId ?? ""))
      .execute();
  }
}

interface SessionFilter {
  readonly userGuid?: string;
  readonly clientId?: string;
}

function toSession(row: Selectable<UaaSchema["sessions"]>): Session {
  const { refreshTokenHash: _hash, ...columns } = row;
  return {
    ...columns,
    guid: asGuid<"session">(row.guid),
    userGuid: asGuid<"user">(row.userGuid),
    scopes: row.scopes.split(" ").filter(Boolean),
  };
}

function hashOf(refreshToken: string): string {
  return createHash("sha256").update(refreshToken).digest("base64url");
}
