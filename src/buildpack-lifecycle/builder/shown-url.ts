/** A password may hold an `@` or a quote. */
const userInfo = /\b([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]+@/gi;
const query = /\b([a-z][a-z0-9+.-]*:\/\/[^?#\s'"]*)\?[^#\s'"]*/gi;

/**
 * The text with user and password of every URL in it replaced, as Cloud Controller shows them; the user too, for a token
 * often stands there. And without queries, which are the secret part of a signed URL.
 */
export function withoutSecrets(text: string): string {
  return text.replace(userInfo, "$1***:***@").replace(query, "$1?***");
}

/** A buildpack's key as it may be shown. */
export function shownKey(key: string): string {
  return withoutSecrets(key).replace(/\?[^#]*/, "?***");
}
