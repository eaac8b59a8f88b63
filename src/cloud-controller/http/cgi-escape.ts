/** A text as Ruby's `CGI.escape` writes it, in the links of pages and in warnings: a blank is "+", marks are escaped. */
export function cgiEscape(text: string): string {
  // A lone surrogate has no encoding; it becomes U+FFFD, as in the JSON around it.
  return encodeURIComponent(text.toWellFormed())
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
