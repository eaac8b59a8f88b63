/** `url` as SignedUrls made it, with another signature of the same form: its first digit is not what it was. */
export function forgedUrl(url: string): string {
  return url.replace(/(?<=signature=)[0-9a-f]/, (digit) =>
    ((Number.parseInt(digit, 16) + 1) % 16).toString(16),
  );
}
