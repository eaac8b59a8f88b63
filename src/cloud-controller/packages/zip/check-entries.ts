import { InvalidZip, ZipTooLarge, shown } from "./invalid-zip.ts";
import type { ZipDirectory, ZipEntry } from "./zip-directory.ts";

/** What can be refused before a byte of content is read. */
export interface EntryLimits {
  /** Bytes of all files once unpacked. */
  readonly maxTotalBytes: number;
}

const maxPathBytes = 4096;
const maxSegmentBytes = 255;
const maxDepth = 100;
/** Folders that the names imply: a hundred a name otherwise, each of them memory here and an inode on a cell. */
const maxFolders = 1_000_000;
const slash = 0x2f;
const backslash = 0x5c;
const dot = 0x2e;
/** Local header without name: 30 bytes. */
const localHeaderBytes = 30;

/**
 * @throws `InvalidZip` where a name is unsafe, names collide, something lies below a file or a link, contents overlap,
 *   or an entry cannot be read; `ZipTooLarge` by declared sizes.
 */
export function checkEntries(directory: ZipDirectory, limits: EntryLimits): void {
  const { entries } = directory;
  const names = new Set<string>();
  for (const entry of entries) {
    checkReadable(entry);
    if (entry.kind === "root") continue;
    checkPath(entry.name);
    if (names.has(entry.name)) throw new InvalidZip(`duplicate entry "${shown(entry.name)}"`);
    names.add(entry.name);
  }
  checkTree(entries);
  checkOverlap(directory);
  checkTotal(
    entries.reduce((sum, entry) => sum + entry.size, 0),
    limits,
  );
}

export function checkTotal(bytes: number, limits: EntryLimits): void {
  if (bytes <= limits.maxTotalBytes) return;
  throw new ZipTooLarge(`Package may not be larger than ${limits.maxTotalBytes} bytes`);
}

/** A relative path that stays below its root on every system, as one file may be called. @throws `InvalidZip` */
export function checkPath(name: string): void {
  const segments = name.split("/");
  const isUnsafe =
    segments.some((segment) => segment === "" || segment === "." || segment === "..") ||
    name.includes("\\") ||
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    /[\u0000-\u001f\u007f]/.test(name);
  if (isUnsafe) throw new InvalidZip(`File path '${shown(name)}' is not safe.`);
  const isTooLong =
    segments.length > maxDepth ||
    Buffer.byteLength(name) > maxPathBytes ||
    segments.some((segment) => Buffer.byteLength(segment) > maxSegmentBytes);
  if (isTooLong) throw new InvalidZip(`File path '${shown(name)}' is too long.`);
}

/**
 * Whether one look at each character shows that `checkPath` would not object. Nearly all names are such, and a request
 * has thousands; of the others, `checkPath` says what is wrong, if anything is.
 */
export function isPlainPath(name: string): boolean {
  if (name.length > maxSegmentBytes) return false;
  let segments = 1;
  let segmentStart = 0;
  for (let index = 0; index < name.length; index += 1) {
    const character = name.charCodeAt(index);
    if (character === slash) {
      if (index === segmentStart) return false;
      segments += 1;
      segmentStart = index + 1;
    } else if (character < 0x20 || character > 0x7e || character === backslash) return false;
    // A segment that begins with a dot may be "." or "..".
    else if (character === dot && index === segmentStart && !(name.charCodeAt(index + 1) > slash)) {
      return false;
    }
  }
  return segmentStart < name.length && segments <= maxDepth;
}

/** Nothing may lie below a file or a link: a link that is a directory to someone would carry it elsewhere. */
export function checkTree(entries: readonly Pick<ZipEntry, "name" | "kind">[]): void {
  const parents = new Set<string>();
  for (const { name } of entries) {
    for (let at = name.lastIndexOf("/"); at > 0; at = name.lastIndexOf("/", at - 1)) {
      const parent = name.slice(0, at);
      if (parents.has(parent)) break;
      if (parents.size === maxFolders) {
        throw new InvalidZip(`its paths make more than ${maxFolders} folders`);
      }
      parents.add(parent);
    }
  }
  const bad = entries.find(
    ({ name, kind }) => kind !== "directory" && kind !== "root" && parents.has(name),
  );
  if (bad === undefined) return;
  const what = bad.kind === "symlink" ? "a symbolic link" : "a file";
  throw new InvalidZip(`something lies below "${shown(bad.name)}", which is ${what}`);
}

/**
 * A symbolic link must stay inside the root, wherever the links on its way lead: each stays inside, so only going up
 * behind one could leave. It is never followed on the host. `links` are the names of all symbolic links.
 * @throws `InvalidZip`
 */
export function checkLinkTarget(name: string, target: string, links: ReadonlySet<string>): void {
  const problem = linkProblem(name, target, links);
  if (problem === undefined) return;
  throw new InvalidZip(`the symbolic link "${shown(name)}" ${problem}`);
}

function linkProblem(name: string, target: string, links: ReadonlySet<string>): string | undefined {
  if (target === "") return "is empty";
  if (Buffer.byteLength(target) >= maxPathBytes) return "has a target that is too long";
  if (target.includes("\0")) return "has a target with a NUL";
  if (target.startsWith("/")) return "points outside of the app";
  const segments = target.split("/").filter((segment) => segment !== "" && segment !== ".");
  // What comes after the last way up leads further in, wherever that is.
  const leading = segments.slice(0, segments.lastIndexOf("..") + 1);
  if (leading.length > maxDepth) return "has a target that is too long";
  let folder = parentOf(name);
  let isBehindLink = false;
  for (const segment of leading) {
    if (segment === "..") {
      if (isBehindLink || folder === "") return "points outside of the app";
      folder = parentOf(folder);
    } else {
      folder = folder === "" ? segment : `${folder}/${segment}`;
      isBehindLink ||= links.has(folder);
    }
  }
  return undefined;
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}

function checkReadable(entry: ZipEntry): void {
  const name = shown(entry.name);
  if (entry.encrypted) throw new InvalidZip(`"${name}" is encrypted`);
  if (entry.method !== 0 && entry.method !== 8) {
    throw new InvalidZip(`"${name}" is compressed by an unsupported method (${entry.method})`);
  }
  if ((entry.kind === "directory" || entry.kind === "root") && entry.size !== 0) {
    throw new InvalidZip(`the directory "${name}" has content`);
  }
  if (entry.method === 0 && entry.size !== entry.compressedSize) {
    throw new InvalidZip(`the sizes of "${name}" contradict each other`);
  }
}

/** Entries that share bytes are how a small archive unpacks to terabytes. */
function checkOverlap({ entries, offset }: ZipDirectory): void {
  const inOrder = entries.toSorted((a, b) => a.localHeaderOffset - b.localHeaderOffset);
  const first = inOrder[0];
  if (first !== undefined && first.localHeaderOffset !== 0) {
    throw new InvalidZip("bytes stand before its first entry");
  }
  for (const [index, entry] of inOrder.entries()) {
    const limit = inOrder[index + 1]?.localHeaderOffset ?? offset;
    const minimum = localHeaderBytes + entry.rawName.length + entry.compressedSize;
    if (entry.localHeaderOffset + minimum > limit) {
      throw new InvalidZip(`"${shown(entry.name)}" overlaps with what follows it`);
    }
  }
}
