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

interface HashedFile {
  readonly path: string;
  readonly stamp: FileStamp;
  readonly sha1: string;
}

const format = "rivera-hashes 1";
/** A change within a file system's tick leaves no trace in the times; FAT has the longest of them. */
const longestTickMs = 2_000;
const mostFiles = 250_000;
const mostFolders = 50;
const hashLength = 40;

/**
 * The SHA-1s of one app folder's files, kept from push to push, so that the next one reads only what has changed. As in
 * git's index, size, times and inode vouch for a file, and one that had changed just before it was looked at ("racily
 * clean") is not kept: a later change in the same tick would not show. A cache of another folder, user or format, or one
 * that ends in the wrong checksum, counts as none. Losing it costs time, nothing else, so no fault of it ends a push.
 */
export class HashCache {
  readonly #file: string;
  readonly #root: string;
  readonly #known: ReadonlyMap<string, string>;
  #vouchedFor = 0;

  private constructor(file: string, root: string) {
    this.#file = file;
    this.#root = root;
    this.#known = readCache(file, root);
  }

  /** `root` is the app's folder without symbolic links; the caches of all apps lie in `folder`. */
  static open(folder: string, root: string): HashCache {
    return new HashCache(path.join(folder, hash("sha1", root)), root);
  }

  /** Undefined where the file must be read. Asked once a file. */
  sha1Of(name: string, stamp: FileStamp): string | undefined {
    const known = this.#known.get(name);
    if (known === undefined) return undefined;
    const sha1 = known.slice(0, hashLength);
    if (known !== hashAndStamp(sha1, stamp)) return undefined;
    this.#vouchedFor += 1;
    return sha1;
  }

  /** Replaces what is kept, at once or not at all. `lookedAtMs` is the time just before the stamps were taken. */
  save(files: readonly HashedFile[], lookedAtMs: number): void {
    const settled = files.filter(
      ({ path: name, stamp }) =>
        Math.max(stamp.mtimeMs, stamp.ctimeMs) < lookedAtMs - longestTickMs && !name.includes("\n"),
    );
    const isAllKept = settled.length === this.#known.size && this.#vouchedFor === this.#known.size;
    if (settled.length > mostFiles || isAllKept) return;
    const lines = settled.map((file) => `${hashAndStamp(file.sha1, file.stamp)} ${file.path}`);
    const body = [`${format} ${JSON.stringify(this.#root)}`, ...lines, ""].join("\n");
    try {
      replaceFile(this.#file, `${body}${hash("sha1", body)}\n`);
      keepNewest(path.dirname(this.#file));
    } catch {
      // A home that cannot be written to: the next push reads every file again.
    }
  }
}

function hashAndStamp(sha1: string, { size, mtimeMs, ctimeMs, ino }: FileStamp): string {
  return `${sha1} ${size} ${mtimeMs} ${ctimeMs} ${ino}`;
}

/** Hash and stamp, as they stand in the line, by path. Stamps are compared as text: no number of 15,000 lines is parsed. */
function readCache(file: string, root: string): Map<string, string> {
  const known = new Map<string, string>();
  const text = ownText(file);
  const end = text.lastIndexOf("\n", text.length - 2) + 1;
  const body = text.slice(0, end);
  if (end === 0 || text.slice(end) !== `${hash("sha1", body)}\n`) return known;
  const headEnd = body.indexOf("\n");
  if (body.slice(0, headEnd) !== `${format} ${JSON.stringify(root)}`) return known;
  for (let start = headEnd + 1; start < end;) {
    const lineEnd = body.indexOf("\n", start);
    let stampEnd = start + hashLength;
    for (let fields = 0; fields < 4; fields += 1) stampEnd = body.indexOf(" ", stampEnd + 1);
    known.set(body.slice(stampEnd + 1, lineEnd), body.slice(start, stampEnd));
    start = lineEnd + 1;
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
