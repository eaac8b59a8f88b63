import path from "node:path";
import { UnsafeArchive } from "../container-runtime.ts";

export interface ArchiveEntry {
  readonly name: string;
  readonly kind: "file" | "directory" | "symlink" | "hardlink";
  readonly linkTarget?: string;
}

const pathMax = 4096;

/**
 * Refuses entries by which an archive would reach outside of the place it is unpacked at. Symbolic links are looked
 * at as the container will see them, below `below`: an absolute one stays in the container by nature (a Python venv
 * has one to `/usr/bin/python3`), the host follows none.
 */
export class EntryGuard {
  readonly #below: string;
  readonly #links = new Set<string>();

  constructor(below: string) {
    this.#below = below;
  }

  /** @throws UnsafeArchive */
  check(entry: ArchiveEntry): void {
    const parts = partsOf(entry.name, "name");
    for (let length = 1; length < parts.length; length += 1) {
      if (this.#links.has(parts.slice(0, length).join("/"))) {
        throw new UnsafeArchive(`Cannot unpack "${entry.name}": it lies below a symbolic link`);
      }
    }
    if (entry.kind === "hardlink") partsOf(entry.linkTarget ?? "", "link target");
    if (entry.kind === "symlink") {
      this.#checkSymlink(entry.name, parts, entry.linkTarget ?? "");
      this.#links.add(parts.join("/"));
    }
  }

  #checkSymlink(name: string, parts: readonly string[], target: string): void {
    if (target === "" || target.includes("\0") || Buffer.byteLength(target) >= pathMax) {
      throw new UnsafeArchive(`Cannot unpack "${name}": its link target is not usable`);
    }
    if (path.posix.isAbsolute(target)) return;
    const folder = [...this.#below.split("/"), ...parts.slice(0, -1)].filter((part) => part !== "");
    let depth = folder.length;
    for (const part of target.split("/")) {
      if (part === "..") depth -= 1;
      else if (part !== "" && part !== ".") depth += 1;
      if (depth < 0) {
        throw new UnsafeArchive(`Cannot unpack "${name}": it links outside, to "${target}"`);
      }
    }
  }
}

function partsOf(name: string, what: string): string[] {
  const problem = problemOf(name);
  if (problem !== undefined)
    throw new UnsafeArchive(`Cannot unpack "${name}": its ${what} ${problem}`);
  return name.split("/").filter((part) => part !== "" && part !== ".");
}

function problemOf(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.includes("\0")) return "holds a NUL";
  if (name.startsWith("/")) return "is absolute";
  if (Buffer.byteLength(name) >= pathMax) return "is too long";
  if (name.split("/").includes("..")) return 'holds ".."';
  return undefined;
}
