import path from "node:path";
import { UnsafeArchive } from "../container-runtime.ts";

export interface ArchiveEntry {
  readonly name: string;
  readonly kind: "file" | "directory" | "symlink" | "hardlink";
  readonly linkTarget?: string;
}

const pathMax = 4096;
/** Whoever unpacks looks at each folder of each name. */
const depthMax = 256;
const entriesMax = 1_000_000;
/** Characters of the names of all symbolic links, which are remembered. */
const linkNamesMax = 32 * 1024 ** 2;

/**
 * Refuses entries by which an archive would reach outside of the place it is unpacked at. Symbolic links are looked
 * at as the container will see them, below `below`: an absolute one stays in the container by nature (a Python venv
 * has one to `/usr/bin/python3`), the host follows none.
 */
export class EntryGuard {
  readonly #below: string;
  readonly #links = new Set<string>();
  #linkNames = 0;
  #entries = 0;

  constructor(below: string) {
    this.#below = below;
  }

  /** @throws UnsafeArchive */
  check(entry: ArchiveEntry): void {
    this.#entries += 1;
    if (this.#entries > entriesMax) {
      throw new UnsafeArchive(`Cannot unpack: it has more than ${entriesMax} entries`);
    }
    const parts = partsOf(entry.name, "name");
    const name = parts.join("/");
    if (this.#isBelowLink(name)) {
      throw new UnsafeArchive(`Cannot unpack "${entry.name}": it lies below a symbolic link`);
    }
    if (entry.kind === "hardlink") partsOf(entry.linkTarget ?? "", "link target");
    if (entry.kind === "symlink") {
      this.#checkSymlink(entry.name, parts, entry.linkTarget ?? "");
      this.#remember(name);
    }
  }

  #isBelowLink(name: string): boolean {
    if (this.#links.size === 0) return false;
    for (let at = name.indexOf("/"); at !== -1; at = name.indexOf("/", at + 1)) {
      if (this.#links.has(name.slice(0, at))) return true;
    }
    return false;
  }

  #remember(link: string): void {
    this.#linkNames += link.length;
    if (this.#linkNames > linkNamesMax) {
      throw new UnsafeArchive("Cannot unpack: its symbolic links are too many");
    }
    this.#links.add(link);
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
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length <= depthMax) return parts;
  throw new UnsafeArchive(`Cannot unpack "${name.slice(0, 80)}...": its ${what} is too deep`);
}

function problemOf(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.includes("\0")) return "holds a NUL";
  if (name.startsWith("/")) return "is absolute";
  if (Buffer.byteLength(name) >= pathMax) return "is too long";
  if (name.split("/").includes("..")) return 'holds ".."';
  return undefined;
}
