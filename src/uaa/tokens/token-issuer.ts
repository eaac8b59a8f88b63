import type { Clock } from "#kernel/clock/clock.ts";
import { asGuid, type GuidSource } from "#kernel/guid.ts";
import type { OauthClient } from "../clients/oauth-client.ts";
import { deadToken } from "../uaa-error.ts";
import type { User, UserTable } from "../users/user-table.ts";
import { clientClaims, sessionOfJti, userClaims } from "./access-token.ts";
import type { Session, SessionTable } from "./session-table.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** The answer of the token endpoint. `token_type` is lower case: the official client strips a literal "bearer ". */
export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: "bearer";
  readonly refresh_token?: string;
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
  readonly jti: string;
}

/** Who makes a request to UAA itself, by a token of ours that is valid and not revoked. */
export interface Bearer {
  /** Undefined where a client speaks for itself. */
  readonly userGuid: string | undefined;
  readonly clientId: string;
  readonly scopes: readonly string[];
}

export interface TokenIssuerParts {
  readonly keys: SigningKeys;
  readonly sessions: SessionTable;
  readonly users: UserTable;
  readonly clock: Clock;
  readonly guids: GuidSource;
  /** UAA's public URL. */
  readonly externalUrl: string;
}

export class TokenIssuer {
  readonly #parts: TokenIssuerParts;
  readonly issuer: string;

  constructor(parts: TokenIssuerParts) {
    this.#parts = parts;
    this.issuer = `${parts.externalUrl}/oauth/token`;
  }

  /** Opens a session and gives its first tokens. */
  async forNewSession(
    user: User,
    client: OauthClient,
    scopes: readonly string[],
  ): Promise<TokenAnswer> {
    const { sessions, clock, guids } = this.#parts;
    const now = clock.now().getTime();
    const session: Session = {
      guid: asGuid<"session">(guids()),
      userGuid: user.guid,
      clientId: client.clientId,
      scopes,
      authenticatedAt: now,
      expiresAt: now + client.refreshTokenValidity * 1_000,
    };
    const refreshToken = await sessions.open(session, now);
    return this.forSession({ user, client, session, refreshToken });
  }

  async forSession(grant: {
    readonly user: User;
    readonly client: OauthClient;
    readonly session: Session;
    readonly refreshToken: string;
  }): Promise<TokenAnswer> {
    const claims = userClaims({
      ...grant,
      issuer: this.issuer,
      now: this.#parts.clock.now(),
    });
    return {
      access_token: await this.#sign(claims),
      token_type: "bearer",
      refresh_token: grant.refreshToken,
      expires_in: grant.client.accessTokenValidity,
      scope: grant.session.scopes.join(" "),
      jti: claims.jti ?? "",
    };
  }

  async forClient(client: OauthClient, scopes: readonly string[]): Promise<TokenAnswer> {
    const claims = clientClaims({
      client,
      scopes,
      issuer: this.issuer,
      now: this.#parts.clock.now(),
    });
    return {
      access_token: await this.#sign(claims),
      token_type: "bearer",
      expires_in: client.accessTokenValidity,
      scope: scopes.join(" "),
      jti: claims.jti ?? "",
    };
  }

  /** @throws UaaError `invalid_token` */
  async bearerOf(accessToken: string): Promise<Bearer> {
    const { keys, clock, sessions } = this.#parts;
    const claims = await keys.verify(accessToken, this.issuer, clock.now());
    const userGuid = typeof claims["user_id"] === "string" ? claims["user_id"] : undefined;
    if (userGuid !== undefined) {
      const session = sessionOfJti(claims.jti ?? "");
      const owner = session === undefined ? undefined : await sessions.owner(session);
      if (owner !== userGuid) throw deadToken();
    }
    return {
      userGuid,
      clientId: String(claims["client_id"]),
      scopes: Array.isArray(claims["scope"]) ? claims["scope"].map(String) : [],
    };
  }

  #sign(claims: Parameters<SigningKeys["sign"]>[0]): Promise<string> {
    return this.#parts.keys.sign(claims, `${this.#parts.externalUrl}/token_keys`);
  }
}
