import { UaaError } from "../uaa-error.ts";

/** A list of scopes as requests have it. */
export function scopeList(text: string | undefined): string[] {
  return [...new Set((text ?? "").split(/[ ,]+/).filter(Boolean))];
}

/**
 * The scopes that a token gets: those both held and allowed, or of them the ones asked for. As in UAA, what is asked for
 * and allowed but not held is left out, unless nothing would be left.
 * @throws UaaError `invalid_scope`
 */
export function grantScopes(facts: {
  /** The user's groups, or the client's authorities. */
  readonly held: readonly string[];
  readonly allowed: readonly string[];
  /** The `scope` parameter. */
  readonly requested: string | undefined;
}): string[] {
  const requested = scopeList(facts.requested);
  const refused = requested.find((scope) => !facts.allowed.includes(scope));
  if (refused !== undefined) {
    throw new UaaError(
      "invalid_scope",
      `${refused.slice(0, 256)} is invalid. Please use a valid scope name in the request`,
    );
  }
  const wanted = requested.length > 0 ? requested : [...new Set(facts.allowed)];
  const granted = wanted.filter((scope) => facts.held.includes(scope));
  if (granted.length === 0 && facts.allowed.length > 0) {
    throw new UaaError(
      "invalid_scope",
      `[${wanted.join(", ").slice(0, 256)}] is invalid. This user is not allowed any of the requested scopes`,
    );
  }
  return granted.sort((a, b) => a.localeCompare(b));
}
