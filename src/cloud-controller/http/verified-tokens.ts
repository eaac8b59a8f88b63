import type { AuthContext } from "./auth-context.ts";

/** No longer than this does a token outlive its key, should UAA withdraw that. */
const trustedForMs = 60_000;

/** At most remembered, a kilobyte or two each; beyond it the one verified first is forgotten. */
const maximumTokens = 1_000;

interface Verified {
  readonly auth: AuthContext;
  readonly verifiedAt: number;
  readonly expiresAt: number;
}

/**
 * Tokens whose signature and claims have been found good within the last minute, by their whole text: a client asks many
 * times with one, and to verify costs as much as a query of the database and a thread that is waited for.
 */
export class VerifiedTokens {
  readonly #tokens = new Map<string, Verified>();

  /** Whose token it is, where it need not be verified now. */
  find(token: string, now: Date): AuthContext | undefined {
    const known = this.#tokens.get(token);
    if (known === undefined) return undefined;
    const ms = now.getTime();
    // A clock that was set back says nothing of how long ago that was.
    const isTrusted = ms >= known.verifiedAt && ms < known.verifiedAt + trustedForMs;
    if (isTrusted && ms < known.expiresAt) return known.auth;
    this.#tokens.delete(token);
    return undefined;
  }

  /** `exp` as in the token: seconds since the epoch. */
  remember(
    token: string,
    verified: { readonly auth: AuthContext; readonly now: Date; readonly exp: number },
  ): void {
    const { auth, now, exp } = verified;
    this.#tokens.set(token, { auth, verifiedAt: now.getTime(), expiresAt: exp * 1000 });
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > maximumTokens && oldest !== undefined) this.#tokens.delete(oldest);
  }
}
