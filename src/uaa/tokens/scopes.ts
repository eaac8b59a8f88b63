import { UaaError } from "../uaa-error.ts";

/**
 * The scopes that a token gets: those both held and allowed, or of them the ones asked for.
 * @throws UaaError `invalid_scope` where one is asked for that may not be had
 */
export function grantScopes(facts: {
  /** The user's groups, or the client's authorities. */
  readonly held: readonly string[];
  readonly allowed: readonly string[];
  /** The `scope` parameter. */
  readonly requested: string | undefined;
}): string[] {
  const available = facts.held.filter((scope) => facts.allowed.includes(scope));
  const requested = [...new Set((facts.requested ?? "").split(/[ ,]+/).filter(Boolean))];
  const refused = requested.filter((scope) => !available.includes(scope));
  if (refused.length > 0) {
    throw new UaaError("invalid_scope", `${refused.join(" ").slice(0, 256)} is invalid.`);
  }
  return (requested.length > 0 ? requested : [...available]).sort((a, b) => a.localeCompare(b));
}
