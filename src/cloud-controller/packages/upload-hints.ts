import { closeSync, openSync } from "node:fs";
import type { UploadResource } from "../resource-matches/messages.ts";
import { InvalidZip } from "./zip/invalid-zip.ts";
import { readZipDirectory } from "./zip/zip-directory.ts";

/** Fewer installed files than that are no burden. */
const manyFiles = 1000;
/** With any of them a buildpack installs exactly what the developer has. */
const lockFiles = new Set([
  "package-lock.json",
  "npm-shrinkwrap.json",
  "yarn.lock",
  "pnpm-lock.yaml",
]);
/** Of one zip; a larger one gets no hint, for which every request waits. */
const limits = { maxEntries: 100_000, maxDirectoryBytes: 16 * 1024 * 1024 };

/** What a developer could do better, seen from the paths of an upload; texts for `X-Cf-Warnings`. */
export function hintsFor(paths: Iterable<string>): readonly string[] {
  let installed = 0;
  let lockFile: string | undefined;
  for (const path of paths) {
    if (path.startsWith("node_modules/")) installed += 1;
    else if (lockFiles.has(path)) lockFile ??= path;
  }
  if (installed < manyFiles || lockFile === undefined) return [];
  return [
    `The upload holds ${installed} files of node_modules, which the buildpack can install from ${lockFile}. A .cfignore with the line "node_modules/" makes pushes faster.`,
  ];
}

/** The hints for an upload: its zip's files and those that come out of the cache. */
export function uploadHints(upload: {
  readonly bitsPath: string | undefined;
  readonly resources: readonly UploadResource[];
}): readonly string[] {
  const matched = upload.resources.map(({ path }) => path);
  return hintsFor([...(upload.bitsPath === undefined ? [] : filesOf(upload.bitsPath)), ...matched]);
}

/** What is wrong with the zip is told by what processes it. */
function filesOf(bitsPath: string): readonly string[] {
  const fd = openSync(bitsPath, "r");
  try {
    const { entries } = readZipDirectory(fd, limits);
    return entries.filter(({ kind }) => kind !== "directory").map(({ name }) => name);
  } catch (error) {
    if (error instanceof InvalidZip) return [];
    throw error;
  } finally {
    closeSync(fd);
  }
}
