/**
 * Whether a buildpack may be named so: a URL that the builder's git or download takes. What git would read as an option
 * or a helper (`ext::`), local paths and addresses with a comma (which would split the builder's list) are refused.
 */
export function isBuildpackUri(text: string): boolean {
  if (/[\s,]/.test(text) || text.startsWith("-")) return false;
  if (/^git@[\w.-]+:[\w./~-]+$/.test(text)) return true;
  if (!/^(https?|git|ssh):\/\//.test(text) || !URL.canParse(text)) return false;
  const { hostname } = new URL(text);
  return /^[\w[][\w.:\]-]*$/.test(hostname);
}

/** The URL as it may be shown: user and password replaced. The last `@` ends them, for a password may hold one. */
export function withoutCredentials(text: string): string {
  return text.replace(/^([a-z]+:\/\/)[^/?#]+@/, "$1***:***@");
}
