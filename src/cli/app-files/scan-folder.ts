import { readdirSync, readFileSync, lstatSync, realpathSync } from "node:fs";
import path from "node:path";
import { Failure } from "../failure.ts";
import type { AppFile } from "./app-file.ts";
import { hashFiles } from "./hash-files.ts";
import { defaultIgnoreLines, IgnoreRules } from "./ignore-rules.ts";

/** Everything in the folder that its `.cfignore` does not leave out, in the order of names, with hashes. */
export async function scanFolder(folder: string, signal: AbortSignal): Promise<AppFile[]> {
  const root = realpathSync(folder);
  const found = walk(root, new IgnoreRules([...cfignoreLines(root), ...defaultIgnoreLines]));
  if (found.length === 0) throw new Failure(`No app files found in '${folder}'`);
  const files = found.filter(({ kind }) => kind === "file");
  const hashes = await hashFiles(root, files, signal);
  return found.map((file) => ({ ...file, sha1: hashes.get(file.path) ?? "" }));
}

/** Synchronous calls: on a tree of thousands of files they take a fifth of the time of promises. */
function walk(root: string, ignore: IgnoreRules): Omit<AppFile, "sha1">[] {
  const found: Omit<AppFile, "sha1">[] = [];
  const visit = (folder: string) => {
    const entries = readdirSync(path.join(root, folder), { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const isIgnored = ignore.matches(name);
      if (entry.isDirectory()) {
        if (!isIgnored) found.push({ path: name, kind: "folder", mode: 0o755, size: 0 });
        if (!ignore.prunes(name)) visit(name);
      } else if (!isIgnored) {
        const file = describe(root, name);
        if (file !== undefined) found.push(file);
      }
    }
  };
  visit("");
  return found;
}

/** Sockets, pipes and devices are no part of an app. */
function describe(root: string, name: string): Omit<AppFile, "sha1"> | undefined {
  const stats = lstatSync(path.join(root, name));
  const mode = stats.mode & 0o777;
  if (stats.isSymbolicLink()) return { path: name, kind: "link", mode, size: 0 };
  return stats.isFile() ? { path: name, kind: "file", mode, size: stats.size } : undefined;
}

function cfignoreLines(root: string): string[] {
  try {
    return readFileSync(path.join(root, ".cfignore"), "utf8").split("\n");
  } catch {
    return [];
  }
}
