import { closeSync, openSync } from "node:fs";
import type { BlobInfo } from "#blobstore/blobstore.ts";
import { digestsOf } from "#blobstore/digests.ts";
import { checkEntries, checkLinkTarget, checkTotal, checkTree } from "./check-entries.ts";
import { contentKey } from "./content-key.ts";
import { CorruptResource, InvalidZip, shown } from "./invalid-zip.ts";
import { ReadAhead } from "./read-ahead.ts";
import { SourceTooShort, type ByteRange } from "./sequential-file.ts";
import { readContent, verifyEntry, type VerifiedEntry } from "./zip-content.ts";
import { readZipDirectory, type ZipEntry } from "./zip-directory.ts";
import { writePacks, type PacksRequest, type WrittenPack } from "./write-packs.ts";
import { ZipWriter, type StoredEntry } from "./zip-writer.ts";

/**
 * A package is the uploaded zip and the files that the platform had already, in one zip. Both come compressed and are
 * copied as they are. Two steps, for between them the caller asks the resource cache what of the upload is new:
 * `inspect` proves the upload sound and hashes it, writing nothing; `assemble` writes the package, and beside it the
 * packs: the compressed bytes of the new files, one after the other, for the cache.
 */
export interface ArchiveLimits {
  readonly maxTotalBytes: number;
  readonly maxEntries: number;
  /** Larger files are not cached. */
  readonly maxCachedFileBytes: number;
}

/** A file that the cache may hold, identified by its content. */
export interface CacheableFile {
  /** What clients know it by. */
  readonly sha1: string;
  /** What we know it by: two contents of one SHA-1 can be made. */
  readonly sha256: string;
  readonly size: number;
  /** As MS-DOS has it. */
  readonly modified: number;
}

/** A file out of the cache, whose compressed bytes lie in a file of this machine. */
export interface MatchedFile extends Omit<CacheableFile, "sha1"> {
  readonly name: string;
  readonly mode: number;
  readonly method: number;
  readonly crc32: number;
  /** Of the compressed bytes; null: not known, so that the content itself is proved. */
  readonly packedCrc32: number | null;
  readonly compressedSize: number;
  /** Which of `AssemblyRequest.sources` it lies in, and where. */
  readonly source: number;
  readonly offset: number;
}

export interface AssemblyRequest {
  readonly target: string;
  readonly matched: readonly MatchedFile[];
  /** The files that hold what was matched. */
  readonly sources: readonly string[];
  readonly packs: PacksRequest;
  /** A package that this one may turn out to be again. */
  readonly previous?: PreviousPackage | undefined;
}

/** A package of the past, in a file that nobody writes to any more. */
export interface PreviousPackage {
  readonly path: string;
  /** Of `contentKey`. */
  readonly contentKey: string;
  /** Hex, of the file as it was stored. */
  readonly sha256: string;
}

export interface AssembledPackage {
  /** The target, or the previous package. */
  readonly path: string;
  readonly content: BlobInfo;
  readonly contentKey: string | undefined;
  readonly packs: readonly WrittenPack[];
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
  const bySha256 = new Map<string, CacheableFile>();
  for (const { entry, sha1, sha256 } of upload.entries) {
    if (entry.kind === "file" && entry.size > 0 && entry.size <= limits.maxCachedFileBytes) {
      const { size, modified, mode } = entry;
      if ((mode & 0o600) === 0o600) bySha256.set(sha256, { sha1, sha256, size, modified });
    }
  }
  return [...bySha256.values()];
}

/**
 * Entries stand in the order of their names, so that the same files make the same package to the byte, whichever of them
 * were matched: a cell unpacks by checksum, and once.
 *
 * @throws `InvalidZip`, `ZipTooLarge` where the matched files do not go with the upload; `CorruptResource` where one of
 *   them is not what its hash says.
 */
export async function assemblePackage(
  upload: InspectedUpload | undefined,
  request: AssemblyRequest,
  limits: ArchiveLimits,
): Promise<AssembledPackage> {
  const kept = (upload?.entries ?? []).filter(({ entry }) => entry.kind !== "root");
  checkTogether(kept, request.matched, limits);
  const files = new OpenFiles();
  try {
    const sources = request.sources.map((path) => new ReadAhead(files.open(path, "r")));
    const uploaded = upload === undefined ? undefined : files.open(upload.path, "r");
    const matched: MatchedEntry[] = [];
    for (const file of request.matched) {
      const source = sources[file.source];
      if (source === undefined) throw new Error(`No source ${file.source} was given`);
      if (file.packedCrc32 === null) await checkContent(source.fd, file);
      const { offset } = file;
      matched.push({ ...file, kind: "file", source: { file: source, offset } });
    }
    const entries = uploaded === undefined ? [] : toStored(kept, new ReadAhead(uploaded));
    const inOrder = [...entries, ...matched].sort(byName);
    const key = contentKey(inOrder);
    const made =
      (await previousAgain(request, key)) ??
      writeEntries(new ZipWriter(files.open(request.target, "wx")), inOrder, request.target);
    const packs = uploaded === undefined ? [] : writePacks(kept, uploaded, request.packs);
    return { ...made, contentKey: key, packs };
  } finally {
    files.close();
  }
}

/** Read whole first, as every matched file is: a package that has been spoilt would be so for every push of these files. */
async function previousAgain(
  { previous }: AssemblyRequest,
  key: string | undefined,
): Promise<Pick<AssembledPackage, "path" | "content"> | undefined> {
  if (previous === undefined || previous.contentKey !== key) return undefined;
  const content = await digestsOf(previous.path);
  return content.sha256 === previous.sha256 ? { path: previous.path, content } : undefined;
}

function writeEntries(
  writer: ZipWriter,
  entries: readonly (UploadedEntry | MatchedEntry)[],
  path: string,
): Pick<AssembledPackage, "path" | "content"> {
  for (const entry of entries) {
    if ("packedCrc32" in entry) addMatched(writer, entry);
    else writer.add(entry);
  }
  return { path, content: writer.finish() };
}

type UploadedEntry = StoredEntry & { readonly sha256: string };

interface MatchedEntry extends StoredEntry {
  readonly source: ByteRange;
  readonly sha256: string;
  readonly packedCrc32: number | null;
}

/** What was pooled is proved again while it is copied: by its compressed bytes, which were proved to be the content when they came. */
function addMatched(writer: ZipWriter, entry: MatchedEntry): void {
  try {
    const checksum = writer.addMeasured(entry);
    if (entry.packedCrc32 === null || checksum === entry.packedCrc32) return;
  } catch (error) {
    if (!(error instanceof SourceTooShort)) throw error;
    throw new CorruptResource(entry.sha256, { cause: error });
  }
  throw new CorruptResource(entry.sha256);
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

/** By inflating it: of what came before checksums of compressed bytes were kept. */
async function checkContent(fd: number, file: MatchedFile): Promise<void> {
  try {
    const { sha256 } = await readContent(fd, file, file.offset);
    if (sha256 === file.sha256) return;
  } catch (error) {
    throw new CorruptResource(file.sha256, { cause: error });
  }
  throw new CorruptResource(file.sha256);
}

function toStored(kept: readonly VerifiedEntry[], file: ReadAhead): UploadedEntry[] {
  return kept.flatMap(({ entry, dataOffset, sha256 }) => {
    const { kind } = entry;
    const source = { file, offset: dataOffset };
    return kind === "root" ? [] : [{ ...entry, kind, mode: usableMode(entry), source, sha256 }];
  });
}

function byName(a: StoredEntry, b: StoredEntry): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

/** The owner must be able to read and replace everything, or staging could not (Cloud Controller does the same). */
function usableMode({ kind, mode }: ZipEntry): number {
  if (kind === "directory") return mode | 0o700;
  return kind === "symlink" ? 0o777 : mode | 0o600;
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
