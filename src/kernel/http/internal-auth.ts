import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Internal listeners bind loopback and ask for this secret, made at first start: with the `process` runtime apps share
 * the loopback, so an open internal endpoint would be theirs too (docs/known-differences.md#internal-listeners).
 */
export const internalSecretHeader = "x-rivera-internal-secret";

export type InternalSecret = string & { readonly __internalSecret: true };

export function asInternalSecret(value: string): InternalSecret {
  return value as InternalSecret;
}

export function internalHeaders(secret: InternalSecret): Record<string, string> {
  return { [internalSecretHeader]: secret };
}

/** Compares in constant time. */
export function carriesSecret(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  secret: InternalSecret,
): boolean {
  const given = headers[internalSecretHeader];
  if (typeof given !== "string") return false;
  return timingSafeEqual(digest(given), digest(secret));
}

function digest(value: string): Buffer {
  return createHash("sha256").update(value).digest();
}
