import { createHash } from "node:crypto";
import type { JSONWebKeySet } from "jose";
import { secretHashes } from "./client-secret.ts";

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
  /** Empty for a public client, which authenticates with its empty secret; else one or two of `client-secret.ts`. */
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
export function revocationSignature(client: SignedClient): string {
  return signaturesOf(client).at(-1) ?? "";
}

/** A token is good as long as one of the client's secrets is that of when it was made. */
export function isRevocationSignature(client: SignedClient, signature: unknown): boolean {
  return signaturesOf(client).some((own) => own === signature);
}

type SignedClient = Pick<OauthClient, "clientId" | "secretHash" | "tokenSalt">;

function signaturesOf({ clientId, secretHash, tokenSalt }: SignedClient): readonly string[] {
  return secretHashes(secretHash).map((hash) =>
    createHash("sha256").update([clientId, hash, tokenSalt].join("\0")).digest("hex").slice(0, 16),
  );
}
