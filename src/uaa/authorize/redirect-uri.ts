import type { OauthClient } from "../clients/oauth-client.ts";
import { UaaError } from "../uaa-error.ts";

/**
 * Where a code of that client is sent: what the request names, if it is registered, or the only registered one. A
 * registered path may end in `*`, for one more segment, or `**`, for any number of them; scheme, host and port count
 * literally, and no fragment, user, dot segment, encoded slash or backslash is taken.
 *
 * @throws UaaError `invalid_grant`, with UAA's texts: such a request is answered here and never redirected
 */
export function resolveRedirectUri(
  client: Pick<OauthClient, "redirectUris">,
  requested: string | undefined,
): string {
  if (requested !== undefined) {
    if (client.redirectUris.some((registered) => isMatch(registered, requested))) return requested;
    throw new UaaError(
      "invalid_grant",
      `Invalid redirect ${requested.slice(0, 256)} did not match one of the registered values`,
    );
  }
  const [only, ...others] = client.redirectUris;
  if (only === undefined || others.length > 0 || only.includes("*")) {
    throw new UaaError(
      "invalid_grant",
      "A redirectUri must be either supplied or preconfigured in the ClientDetails",
    );
  }
  return only;
}

/** Whether a client may register that: an absolute URI that we could send a code to. */
export function isRegistrable(uri: string): boolean {
  const withoutWildcard = uri.replace(/\/\*{1,2}$/, "/");
  return !withoutWildcard.includes("*") && isPlain(withoutWildcard);
}

function isMatch(registered: string, requested: string): boolean {
  if (!isPlain(requested)) return false;
  const wildcard = /^(.*\/)(\*{1,2})$/.exec(registered);
  if (wildcard === null) return registered === requested;
  const [, prefix = "", stars = ""] = wildcard;
  if (!requested.startsWith(prefix)) return false;
  const rest = requested.slice(prefix.length).split("?")[0] ?? "";
  return stars === "**" || !rest.includes("/");
}

function isPlain(uri: string): boolean {
  if (/[\s\\#]|\/\.{1,2}(\/|$|\?)|%2e|%2f|%5c/i.test(uri)) return false;
  const url = URL.parse(uri);
  if (url === null || url.username !== "" || url.password !== "") return false;
  // A program's own scheme (RFC 8252) has a dot in its name; `javascript:` and `data:` have none.
  return url.protocol === "http:" || url.protocol === "https:" || url.protocol.includes(".");
}

/** The URI with parameters added to its query. */
export function withQuery(uri: string, parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(parameters).toString();
  return `${uri}${uri.includes("?") ? "&" : "?"}${query}`;
}
