import { hash } from "node:crypto";
import type { StoredEntry } from "./zip-writer.ts";

/** An entry as a package would have it, and the SHA-256 of its content. */
export type KeyedEntry = Pick<
  StoredEntry,
  "name" | "kind" | "mode" | "modified" | "compressedSize"
> & {
  readonly sha256: string;
};

/** A smaller package is made in the time that it takes to compare it with another. */
const leastBytes = 64 * 1024 * 1024;

/**
 * Equal for two packages of the same names, modes, times and contents, however these are compressed. Undefined for a
 * small one. `entries` are in the order of the package.
 */
export function contentKey(entries: readonly KeyedEntry[]): string | undefined {
  const bytes = entries.reduce((sum, { compressedSize }) => sum + compressedSize, 0);
  if (bytes < leastBytes) return undefined;
  const lines = entries.map(
    ({ kind, mode, modified, sha256, name }) => `${kind} ${mode} ${modified} ${sha256} ${name}\n`,
  );
  return hash("sha256", lines.join(""));
}
