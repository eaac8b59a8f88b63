import { createHash, timingSafeEqual } from "node:crypto";
import { UaaError } from "../uaa-error.ts";

export interface CodeChallenge {
  readonly method: "plain" | "S256";
  readonly value: string;
}

const wellFormed = /^[\w.~-]{43,128}$/;

/**
 * The challenge of an authorization request (RFC 7636), undefined where it has none. The texts are UAA's.
 * @throws UaaError `invalid_request`
 */
export function codeChallenge(
  value: string | undefined,
  method: string | undefined,
): CodeChallenge | undefined {
  if (value === undefined) return undefined;
  if (!wellFormed.test(value)) {
    throw new UaaError(
      "invalid_request",
      "Code challenge length must between 43 and 128 and use only [A-Z],[a-z],[0-9],_,.,-,~ characters.",
    );
  }
  const wanted = method ?? "plain";
  if (wanted !== "plain" && wanted !== "S256") {
    throw new UaaError(
      "invalid_request",
      "Unsupported code challenge method. Supported: [plain, S256]",
    );
  }
  return { method: wanted, value };
}

/**
 * Whoever redeems a code proves to be the one who asked for it. A client that has no secret to show must have used S256.
 * @throws UaaError `invalid_request`, `invalid_grant`
 */
export function checkCodeVerifier(facts: {
  readonly challenge: CodeChallenge | undefined;
  readonly verifier: string | undefined;
  readonly isPublic: boolean;
}): void {
  const { challenge, isPublic } = facts;
  const verifier = facts.verifier === "" ? undefined : facts.verifier;
  if (verifier !== undefined && !wellFormed.test(verifier)) {
    throw new UaaError(
      "invalid_request",
      "Code verifier length must between 43 and 128 and use only [A-Z],[a-z],[0-9],_,.,-,~ characters.",
    );
  }
  if (isPublic && challenge?.method !== "S256") {
    throw new UaaError("invalid_grant", "Public client must use code challange method S256");
  }
  if (challenge === undefined) {
    if (verifier === undefined) return;
    throw new UaaError(
      "invalid_grant",
      "PKCE error: Code verifier not required for this authorization code.",
    );
  }
  if (verifier === undefined) {
    throw new UaaError(
      "invalid_grant",
      "PKCE error: Code verifier must be provided for this authorization code.",
    );
  }
  const found =
    challenge.method === "plain"
      ? verifier
      : createHash("sha256").update(verifier).digest("base64url");
  if (!isSame(found, challenge.value)) throw new UaaError("invalid_grant", "Invalid code verifier");
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
