import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hash } from "node:crypto";
import path from "node:path";

/** What a folder holds, by path: `folder`, `-> target` of a link, or mode and SHA-1 of a file. */
export type Tree = Readonly<Record<string, string>>;

export function readTree(root: string, modeOf = (mode: number): number => mode): Tree {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).toSorted();
  return Object.fromEntries(names.map((name) => [name, describe(path.join(root, name), modeOf)]));
}

function describe(file: string, modeOf: (mode: number) => number): string {
  const stats = lstatSync(file);
  if (stats.isDirectory()) return "folder";
  if (stats.isSymbolicLink()) return `-> ${readlinkSync(file)}`;
  return `${modeOf(stats.mode & 0o777).toString(8)} ${hash("sha1", readFileSync(file))}`;
}
