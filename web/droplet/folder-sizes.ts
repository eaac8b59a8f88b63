import type { ListedFile } from "./tar-listing.ts";

export interface FolderSize {
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
}

const deepest = 3;

/** The largest folders down to the third level, those within others too. */
export function largestFolders(files: readonly ListedFile[], count: number): FolderSize[] {
  const folders = new Map<string, { files: number; bytes: number }>();
  for (const { path, bytes } of files) {
    const parts = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= Math.min(parts.length, deepest); depth += 1) {
      const folder = parts.slice(0, depth).join("/");
      const known = folders.get(folder) ?? { files: 0, bytes: 0 };
      folders.set(folder, { files: known.files + 1, bytes: known.bytes + bytes });
    }
  }
  return [...folders]
    .map(([path, size]) => ({ path, ...size }))
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
    .slice(0, count);
}
