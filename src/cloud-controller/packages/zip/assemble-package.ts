import { closeSync, openSync } from "node:fs";
import { checkEntries, checkLinkTarget, checkTotal, checkTree } from "./check-entries.ts";
import { CorruptResource, InvalidZip, shown } from "./invalid-zip.ts";
import { readContent, verifyEntry, type VerifiedEntry } from "./zip-content.ts";
import { readZipDirectory, type ZipEntry } from "./zip-directory.ts";
import { SequentialFile, ZipWriter } from "./zip-writer.ts";

/**
 * A package is the uploaded zip and the files that the platform had already, in one zip. Both come compressed and are
 * copied as they are. Two steps, for between them the caller asks the resource cache what of the upload is new:
 * `inspect` proves the upload sound and hashes it, writing nothing; `assemble` writes the package, and beside it the
 * pack: the compressed bytes of the new files, one after the other, for the cache.
 */
export interface ArchiveLimits {
  readonly maxTotalBytes: number;
  readonly maxEntries: number;
  /** Larger files are not cached. */
  readonly maxCachedFileBytes: number;
}

/** A file that the cache may hold, identified by its content. */
export interface CacheableFile {
  readonly sha1: string;
  readonly size: number;
}

/** A file out of the cache, whose compressed bytes lie in the file of matched bytes. */
export interface MatchedFile extends CacheableFile {
  readonly name: string;
  readonly mode: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  /** Into the file of matched bytes. */
  readonly offset: number;
}

export interface AssemblyRequest {
  readonly target: string;
  readonly matched: readonly MatchedFile[];
  /** Undefined where nothing was matched. */
  readonly matchedBytes: string | undefined;
  /** Written where `newSha1s` holds anything. */
  readonly pack: string;
  readonly newSha1s: ReadonlySet<string>;
  /** The time that matched files get, as MS-DOS has it. */
  readonly modified: number;
}

export interface PackedFile extends CacheableFile {
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly offset: number;
}

export interface InspectedUpload {
  readonly path: string;
  readonly entries: readonly VerifiedEntry[];
}

/** @throws `InvalidZip`, `ZipTooLarge` */
export async function inspectUpload(path: string, limits: ArchiveLimits): Promise<InspectedUpload> {
  const fd = openSync(path, "r");
  try {
    const directory = readZipDirectory(fd, limits);
    checkEntries(directory, limits);
    const inOrder = directory.entries.toSorted((a, b) => a.localHeaderOffset - b.localHeaderOffset);
    const entries: VerifiedEntry[] = [];
    for (const [index, entry] of inOrder.entries()) {
      const limit = inOrder[index + 1]?.localHeaderOffset ?? directory.offset;
      entries.push(await verifyEntry(fd, entry, limit));
    }
    const links = new Set(entries.filter(isLink).map(({ entry }) => entry.name));
    for (const { entry, linkTarget } of entries) {
      if (linkTarget !== undefined) checkLinkTarget(entry.name, linkTarget, links);
    }
    return { path, entries };
  } finally {
    closeSync(fd);
  }
}

/** What of the upload may go into the resource cache: regular files with content that their owner may read. */
export function cacheableFiles(upload: InspectedUpload, limits: ArchiveLimits): CacheableFile[] {
  const bySha1 = new Map<string, CacheableFile>();
  for (const { entry, sha1 } of upload.entries) {
    if (entry.kind === "file" && entry.size > 0 && entry.size <= limits.maxCachedFileBytes) {
      if ((entry.mode & 0o600) === 0o600) bySha1.set(sha1, { sha1, size: entry.size });
    }
  }
  return [...bySha1.values()];
}

/**
 * @throws `InvalidZip`, `ZipTooLarge` where the matched files do not go with the upload; `CorruptResource` where one of
 *   them is not what its hash says.
 */
export async function assemblePackage(
  upload: InspectedUpload | undefined,
  request: AssemblyRequest,
  limits: ArchiveLimits,
): Promise<PackedFile[]> {
  const kept = (upload?.entries ?? []).filter(({ entry }) => entry.kind !== "root");
  checkTogether(kept, request.matched, limits);
  const files = new OpenFiles();
  try {
    const writer = new ZipWriter(files.open(request.target, "wx"));
    if (upload !== undefined) addUploaded(writer, kept, files.open(upload.path, "r"));
    if (request.matchedBytes !== undefined) {
      const fd = files.open(request.matchedBytes, "r");
      for (const file of request.matched) {
        await checkMatched(fd, file);
        const source = { fd, offset: file.offset };
        writer.add({ ...file, kind: "file", modified: request.modified, source });
      }
    }
    writer.finish();
    if (upload === undefined || request.newSha1s.size === 0) return [];
    return writePack(kept, request, {
      from: files.open(upload.path, "r"),
      to: files.open(request.pack, "wx"),
    });
  } finally {
    files.close();
  }
}

function checkTogether(
  kept: readonly VerifiedEntry[],
  matched: readonly MatchedFile[],
  limits: ArchiveLimits,
): void {
  const all = [
    ...kept.map(({ entry }) => ({ name: entry.name, kind: entry.kind, size: entry.size })),
    ...matched.map(({ name, size }) => ({ name, kind: "file" as const, size })),
  ];
  if (all.length === 0) throw new InvalidZip("zipfile is empty");
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name)) throw new InvalidZip(`duplicate entry "${shown(name)}"`);
    names.add(name);
  }
  checkTree(all);
  checkTotal(
    all.reduce((sum, { size }) => sum + size, 0),
    limits,
  );
}

/** What was pooled is proved again before it is used. */
async function checkMatched(fd: number, file: MatchedFile): Promise<void> {
  try {
    const { sha1 } = await readContent(fd, file, file.offset);
    if (sha1 === file.sha1) return;
  } catch (error) {
    throw new CorruptResource(file.sha1, { cause: error });
  }
  throw new CorruptResource(file.sha1);
}

function addUploaded(writer: ZipWriter, kept: readonly VerifiedEntry[], fd: number): void {
  for (const { entry, dataOffset } of kept) {
    if (entry.kind === "root") continue;
    const { kind } = entry;
    writer.add({ ...entry, kind, mode: usableMode(entry), source: { fd, offset: dataOffset } });
  }
}

/** The owner must be able to read and replace everything, or staging could not (Cloud Controller does the same). */
function usableMode({ kind, mode }: ZipEntry): number {
  if (kind === "directory") return mode | 0o700;
  return kind === "symlink" ? 0o777 : mode | 0o600;
}

function writePack(
  kept: readonly VerifiedEntry[],
  request: AssemblyRequest,
  fds: { readonly from: number; readonly to: number },
): PackedFile[] {
  const out = new SequentialFile(fds.to);
  const wanted = new Set(request.newSha1s);
  const packed: PackedFile[] = [];
  for (const { entry, dataOffset, sha1 } of kept) {
    if (entry.kind !== "file" || !wanted.delete(sha1)) continue;
    const { size, method, crc32, compressedSize } = entry;
    packed.push({ sha1, size, method, crc32, compressedSize, offset: out.position });
    out.copy({ fd: fds.from, offset: dataOffset }, compressedSize);
  }
  out.flush();
  return packed;
}

function isLink({ entry }: VerifiedEntry): boolean {
  return entry.kind === "symlink";
}

class OpenFiles {
  readonly #fds: number[] = [];

  open(path: string, flags: "r" | "wx"): number {
    const fd = openSync(path, flags);
    this.#fds.push(fd);
    return fd;
  }

  close(): void {
    for (const fd of this.#fds.splice(0)) closeSync(fd);
  }
}
