import type { RequestedResource } from "./messages.ts";

/** An entry of the answer to a match: the client sends it back as it is. */
export function presentResource({ sha1, size, path, mode }: RequestedResource) {
  return { checksum: { value: sha1 }, size_in_bytes: size, path, mode };
}
