import { randomBytes } from "node:crypto";
import type { JWTPayload } from "jose";
import { asGuid } from "#kernel/guid.ts";
import { revocationSignature, type OauthClient } from "../clients/oauth-client.ts";
import type { User } from "../users/user-table.ts";
import type { Session, SessionGuid } from "./session-table.ts";

/** The claims of a user's access token, as UAA has them; the official client reads `user_name`, `user_id`, `origin`, `exp`, `jti`, `revocable`. */
export function userClaims(token: {
  readonly user: User;
  readonly client: OauthClient;
  readonly session: Session;
  readonly issuer: string;
  readonly now: Date;
}): JWTPayload {
  const { user, client, session, issuer } = token;
  const issuedAt = seconds(token.now.getTime());
  return {
    jti: jtiOf(session.guid),
    sub: user.guid,
    scope: [...session.scopes],
    client_id: client.clientId,
    cid: client.clientId,
    azp: client.clientId,
    // The official client revokes such a token at `cf logout`; ours ends the session.
    revocable: true,
    grant_type: session.grantType,
    user_id: user.guid,
    origin: user.origin,
    user_name: user.userName,
    email: user.email,
    auth_time: seconds(session.authenticatedAt),
    iat: issuedAt,
    exp: issuedAt + client.accessTokenValidity,
    iss: issuer,
    zid: "uaa",
    aud: audiences(client.clientId, session.scopes),
  };
}

/** The claims of a client's own token. */
export function clientClaims(token: {
  readonly client: OauthClient;
  readonly scopes: readonly string[];
  readonly issuer: string;
  readonly now: Date;
}): JWTPayload {
  const { client, scopes, issuer } = token;
  const issuedAt = seconds(token.now.getTime());
  return {
    jti: randomJti(),
    sub: client.clientId,
    authorities: [...scopes],
    scope: [...scopes],
    client_id: client.clientId,
    cid: client.clientId,
    azp: client.clientId,
    revocable: false,
    rev_sig: revocationSignature(client),
    grant_type: "client_credentials",
    iat: issuedAt,
    exp: issuedAt + client.accessTokenValidity,
    iss: issuer,
    zid: "uaa",
    aud: audiences(client.clientId, scopes),
  };
}

/**
 * The claims of an ID token: who logged in, for one client to read. Its `jti` names no session and its audience is that
 * client alone, so nobody takes it for an access token.
 */
export function idClaims(token: {
  readonly user: User;
  readonly client: OauthClient;
  readonly session: Session;
  readonly nonce: string | undefined;
  readonly issuer: string;
  readonly now: Date;
}): JWTPayload {
  const { user, client, session, nonce, issuer } = token;
  const issuedAt = seconds(token.now.getTime());
  return {
    jti: randomJti(),
    sub: user.guid,
    aud: [client.clientId],
    azp: client.clientId,
    client_id: client.clientId,
    cid: client.clientId,
    iss: issuer,
    zid: "uaa",
    origin: user.origin,
    user_id: user.guid,
    user_name: user.userName,
    given_name: user.givenName,
    family_name: user.familyName,
    email: user.email,
    email_verified: user.isVerified,
    amr: ["pwd"],
    scope: ["openid"],
    grant_type: session.grantType,
    auth_time: seconds(session.authenticatedAt),
    iat: issuedAt,
    exp: issuedAt + client.accessTokenValidity,
    ...(nonce === undefined ? {} : { nonce }),
  };
}

/** The session that a `jti` belongs to. */
export function sessionOfJti(jti: string): SessionGuid | undefined {
  const match = /^([0-9a-f-]{36})\.[0-9a-f]{16}$/.exec(jti);
  return match?.[1] === undefined ? undefined : asGuid<"session">(match[1]);
}

function jtiOf(session: SessionGuid): string {
  return `${session}.${randomBytes(8).toString("hex")}`;
}

function randomJti(): string {
  return randomBytes(16).toString("hex");
}

/** The client, and the part of each scope before its last dot. */
function audiences(clientId: string, scopes: readonly string[]): string[] {
  const resources = scopes.map((scope) => {
    const dot = scope.lastIndexOf(".");
    return dot === -1 ? scope : scope.slice(0, dot);
  });
  return [...new Set([clientId, ...resources])].sort((a, b) => a.localeCompare(b));
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
