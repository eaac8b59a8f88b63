/** A password may hold an `@` or a quote. */
const userInfo = /\b([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]+@/gi;

/**
 * The text with user and password of every URL in it replaced, as Cloud Controller shows them; the user too, for a token
 * often stands there.
 */
export function withoutCredentials(text: string): string {
  return text.replace(userInfo, "$1***:***@");
}

/** A buildpack's key as it may be shown: without the query too, which is the secret part of a signed URL. */
export function shownKey(key: string): string {
  return withoutCredentials(key).replace(/\?[^#]*/, "?***");
}
