import { hash } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

/** What tells, without reading it, that a file is still the one that was hashed. */
export interface FileStamp {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds with fractions: what a double keeps of the file system's nanoseconds. */
  readonly mtimeMs: number;
  /** Changes with every change of content, and unlike mtime no program can set it. */
  readonly ctimeMs: number;
  readonly ino: number;
}

interface StampedFile extends FileStamp {
  readonly path: string;
}

const format = "rivera-hashes 1";
/** A change within a file system's tick leaves no trace in the times; FAT has the longest of them. */
const longestTickMs = 2_000;
const mostFiles = 250_000;
const mostFolders = 50;
const linePattern = /^([0-9a-f]{40}) (\d+) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?) (\d+) (.+)$/;

/**
 * The SHA-1s of one app folder's files, kept from push to push, so that the next one reads only what has changed. As in
 * git's index, size, times and inode vouch for a file, and one that had changed just before it was looked at ("racily
 * clean") is not kept: a later change in the same tick would not show. A cache of another folder, user or format, or one
 * that ends in the wrong checksum, counts as none. Losing it costs time, nothing else, so no fault of it ends a push.
 */
export class HashCache {
  readonly #file: string;
  readonly #root: string;
  readonly #known: ReadonlyMap<string, FileStamp & { readonly sha1: string }>;

  private constructor(file: string, root: string) {
    this.#file = file;
    this.#root = root;
    this.#known = readCache(file, root);
  }

  /** `root` is the app's folder without symbolic links; the caches of all apps lie in `folder`. */
  static open(folder: string, root: string): HashCache {
    return new HashCache(path.join(folder, hash("sha1", root)), root);
  }

  /** Undefined where the file must be read. */
  sha1Of(file: StampedFile): string | undefined {
    const known = this.#known.get(file.path);
    const isSame =
      known !== undefined &&
      known.size === file.size &&
      known.mtimeMs === file.mtimeMs &&
      known.ctimeMs === file.ctimeMs &&
      known.ino === file.ino;
    return isSame ? known.sha1 : undefined;
  }

  /** Replaces what is kept, at once or not at all. `lookedAtMs` is the time just before the stamps were taken. */
  save(files: readonly (StampedFile & { readonly sha1: string })[], lookedAtMs: number): void {
    const settled = files.filter(
      (file) =>
        Math.max(file.mtimeMs, file.ctimeMs) < lookedAtMs - longestTickMs &&
        !file.path.includes("\n"),
    );
    if (settled.length > mostFiles || this.#holdsAll(settled)) return;
    const lines = settled.map((file) =>
      [file.sha1, file.size, file.mtimeMs, file.ctimeMs, file.ino, file.path].join(" "),
    );
    const body = [`${format} ${JSON.stringify(this.#root)}`, ...lines, ""].join("\n");
    try {
      replaceFile(this.#file, `${body}${hash("sha1", body)}\n`);
      keepNewest(path.dirname(this.#file));
    } catch {
      // A home that cannot be written to: the next push reads every file again.
    }
  }

  #holdsAll(files: readonly StampedFile[]): boolean {
    return (
      files.length === this.#known.size && files.every((file) => this.sha1Of(file) !== undefined)
    );
  }
}

function readCache(file: string, root: string): Map<string, FileStamp & { readonly sha1: string }> {
  const known = new Map<string, FileStamp & { readonly sha1: string }>();
  const text = ownText(file);
  const end = text.lastIndexOf("\n", text.length - 2) + 1;
  const body = text.slice(0, end);
  if (end === 0 || text.slice(end) !== `${hash("sha1", body)}\n`) return known;
  const [head, ...lines] = body.split("\n");
  if (head !== `${format} ${JSON.stringify(root)}`) return known;
  for (const line of lines) {
    const [, sha1, size, mtimeMs, ctimeMs, ino, name] = linePattern.exec(line) ?? [];
    if (sha1 === undefined || name === undefined) continue;
    const stamp = { size: Number(size), mtimeMs: Number(mtimeMs), ctimeMs: Number(ctimeMs) };
    known.set(name, { ...stamp, ino: Number(ino), sha1 });
  }
  return known;
}

/** Empty where there is none, or where it is another user's, who could make us send a file under a wrong hash. */
function ownText(file: string): string {
  try {
    const isOwn = process.getuid === undefined || statSync(file).uid === process.getuid();
    return isOwn ? readFileSync(file, "utf8") : "";
  } catch {
    return "";
  }
}

function replaceFile(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}`;
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Folders come and go: the caches that have not been written for longest are let go, half-written ones among them. */
function keepNewest(folder: string): void {
  const names = readdirSync(folder);
  if (names.length <= mostFolders) return;
  const byAge = names
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, mtimeMs: statSync(file).mtimeMs }))
    .toSorted((a, b) => b.mtimeMs - a.mtimeMs);
  for (const { file } of byAge.slice(mostFolders)) rmSync(file, { force: true });
}
