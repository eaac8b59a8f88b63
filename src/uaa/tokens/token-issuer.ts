import type { JWTPayload } from "jose";
import type { Clock } from "#kernel/clock/clock.ts";
import { asGuid, type GuidSource } from "#kernel/guid.ts";
import type { ClientTable } from "../clients/client-table.ts";
import { isRevocationSignature, type OauthClient } from "../clients/oauth-client.ts";
import { deadToken } from "../uaa-error.ts";
import type { User } from "../users/user-table.ts";
import { clientClaims, idClaims, sessionOfJti, userClaims } from "./access-token.ts";
import type { Session, SessionTable } from "./session-table.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** The answer of the token endpoint. `token_type` is lower case: the official client strips a literal "bearer ". */
export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: "bearer";
  readonly id_token?: string;
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
  readonly clients: ClientTable;
  readonly clock: Clock;
  readonly guids: GuidSource;
  /** UAA's public URL. */
  readonly externalUrl: string;
}

/** What a login has come to: who, through which client, how. */
export interface Login {
  readonly user: User;
  readonly client: OauthClient;
  readonly scopes: readonly string[];
  readonly grantType: string;
  /** Milliseconds since the epoch; default now. */
  readonly authenticatedAt?: number;
  /** OpenID Connect's, for the ID token. */
  readonly nonce?: string | undefined;
}

/** ID tokens go with these, as in UAA. */
const grantsWithIdToken = ["authorization_code", "password"];

export class TokenIssuer {
  readonly #parts: TokenIssuerParts;
  readonly issuer: string;

  constructor(parts: TokenIssuerParts) {
    this.#parts = parts;
    this.issuer = `${parts.externalUrl}/oauth/token`;
  }

  /**
   * Opens a session and gives its first tokens. A client that may not refresh gets no refresh token, and a session that
   * ends with the access token.
   */
  async forNewSession(login: Login): Promise<TokenAnswer> {
    const { user, client, scopes, grantType } = login;
    const { sessions, clock, guids } = this.#parts;
    const now = clock.now().getTime();
    const mayRefresh = client.grantTypes.includes("refresh_token");
    const validity = mayRefresh ? client.refreshTokenValidity : client.accessTokenValidity;
    const session: Session = {
      guid: asGuid<"session">(guids()),
      userGuid: user.guid,
      clientId: client.clientId,
      scopes,
      grantType,
      authenticatedAt: login.authenticatedAt ?? now,
      expiresAt: now + validity * 1_000,
    };
    const refreshToken = await sessions.open(session);
    return this.forSession({
      user,
      client,
      session,
      refreshToken: mayRefresh ? refreshToken : undefined,
      nonce: login.nonce,
    });
  }

  async forSession(grant: {
    readonly user: User;
    readonly client: OauthClient;
    readonly session: Session;
    readonly refreshToken: string | undefined;
    readonly nonce?: string | undefined;
  }): Promise<TokenAnswer> {
    const { user, client, session, refreshToken } = grant;
    const token = { user, client, session, issuer: this.issuer, now: this.#parts.clock.now() };
    const claims = userClaims(token);
    const hasIdToken =
      session.scopes.includes("openid") && grantsWithIdToken.includes(session.grantType);
    const idToken = hasIdToken
      ? { id_token: await this.#sign(idClaims({ ...token, nonce: grant.nonce })) }
      : {};
    return {
      access_token: await this.#sign(claims),
      token_type: "bearer",
      ...idToken,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      expires_in: client.accessTokenValidity,
      scope: session.scopes.join(" "),
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
    const claims = await this.liveClaims(accessToken);
    return {
      userGuid: typeof claims["user_id"] === "string" ? claims["user_id"] : undefined,
      clientId: String(claims["client_id"]),
      scopes: Array.isArray(claims["scope"]) ? claims["scope"].map(String) : [],
    };
  }

  /**
   * The claims of an access token that is ours, valid now and not revoked.
   * @throws UaaError `invalid_token` whatever is wrong with it
   */
  async liveClaims(accessToken: string): Promise<JWTPayload> {
    const { sessions, clients } = this.#parts;
    const claims = await this.signedClaims(accessToken);
    if (claims["user_id"] === undefined) {
      const client = await clients.find(String(claims["client_id"]));
      if (client === undefined || !isRevocationSignature(client, claims["rev_sig"])) {
        throw deadToken();
      }
      return claims;
    }
    const guid = sessionOfJti(claims.jti ?? "");
    const session = guid === undefined ? undefined : await sessions.byGuid(guid);
    if (session === undefined || session.userGuid !== claims["user_id"]) throw deadToken();
    return claims;
  }

  /**
   * The claims of any token that we have signed and that has not expired, ID tokens among them; it may be revoked.
   * @throws UaaError `invalid_token`
   */
  signedClaims(token: string): Promise<JWTPayload> {
    return this.#parts.keys.verify(token, this.issuer, this.#parts.clock.now());
  }

  #sign(claims: JWTPayload): Promise<string> {
    const now = this.#parts.clock.now().getTime();
    return this.#parts.keys.sign(claims, `${this.#parts.externalUrl}/token_keys`, now);
  }
}
