/**
 * What a request calls its host: once, as it must. Of several, Node keeps the first and says nothing, and what stands
 * before us may have judged by another (RFC 9112, 3.2: such a request is answered 400).
 *
 * @param rawHeaders names and values in turn, as they came
 */
export function hostHeaders(rawHeaders: readonly string[]): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    // The length first: nearly every other name is told apart by it, and no copy is made.
    if (name?.length === 4 && name.toLowerCase() === "host") values.push(rawHeaders[at + 1] ?? "");
  }
  return values;
}

export const severalHosts = "There is more than one Host header";
