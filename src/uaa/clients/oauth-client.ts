import { createHash } from "node:crypto";
import type { JSONWebKeySet } from "jose";

export const grantTypes = [
  "authorization_code",
  "client_credentials",
  "password",
  "refresh_token",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
] as const;

export type GrantType = (typeof grantTypes)[number];

export interface OauthClient {
  readonly clientId: string;
  /** Empty for a public client, which authenticates with its empty secret; else as `client-secret.ts` makes them. */
  readonly secretHash: string;
  readonly grantTypes: readonly GrantType[];
  /** What its users' tokens may carry. */
  readonly scopes: readonly string[];
  /** What its own tokens carry. */
  readonly authorities: readonly string[];
  /** Where an authorization code may be sent; a path may end in a wildcard (`authorize/redirect-uri.ts`). */
  readonly redirectUris: readonly string[];
  /** The scopes that a user need not agree to. */
  readonly autoApprove: "all" | readonly string[];
  /** In seconds. */
  readonly accessTokenValidity: number;
  readonly refreshTokenValidity: number;
  /** May exchange a code without its secret, with PKCE (`allowpublic`). */
  readonly allowPublic: boolean;
  readonly name: string | undefined;
  /** Keys that its `client_assertion` may be signed with, in place of the secret. */
  readonly jwks: JSONWebKeySet | undefined;
  readonly tokenSalt: string;
}

/**
 * What the tokens that a client has for itself are checked against, as `rev_sig`: another secret, a revocation of its
 * tokens, or the client's deletion and return end them.
 */
export function revocationSignature(
  client: Pick<OauthClient, "clientId" | "secretHash" | "tokenSalt">,
): string {
  const { clientId, secretHash, tokenSalt } = client;
  return createHash("sha256")
    .update([clientId, secretHash, tokenSalt].join("\0"))
    .digest("hex")
    .slice(0, 16);
}
