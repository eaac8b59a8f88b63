import { open } from "node:fs/promises";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { inflateRawSync } from "node:zlib";
import yauzl from "yauzl";
import { type TarEntry, tarHeader, tarPadding, tarTrailer } from "./tar-header.ts";
import { ZipFileReader } from "./zip-file-reader.ts";

// A file whose two sizes are below this is inflated at once in memory: thousands of small files are what an app is
// made of, and a stream for each would take most of the time.
const smallBytes = 1024 * 1024;
const chunkBytes = 256 * 1024;
const pathMax = 4096;
const stored = 0;
const deflated = 8;
const fileTypeMask = 0o170000;
const symlinkType = 0o120000;
const fileType = 0o100000;

/**
 * A zip as a tar stream. Modes and symbolic links are kept; directories get 0755, as does unzip's user. Whoever made the
 * zip may have checked it: names are checked here all the same, since what is written lands in somebody's container, and a
 * zip has two of each name.
 *
 * @throws BadArchive for a name that leads out, is too long or lies behind a link, for special and encrypted files, for
 *   content that is not what the central directory says or is too much; the stream ends with it.
 */
export function zipToTar(path: string, options: ZipToTarOptions): Readable {
  return Readable.from(chunks(path, options), { objectMode: false });
}

export interface ZipToTarOptions {
  /** "inside" refuses those whose target is absolute or above the archive; with "any" they are the reader's to check. */
  readonly links: "inside" | "any";
  /** Of all files; default no limit. Entries that share their bytes make terabytes of a small zip. */
  readonly maximumBytes?: number;
}

async function* chunks(path: string, options: ZipToTarOptions): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    const reader = new ZipFileReader(file);
    const { size } = await file.stat();
    const zip = await yauzl.fromRandomAccessReaderPromise(reader, size, { autoClose: false });
    try {
      yield* gathered(entries(zip, reader, options));
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof BadArchive) throw error;
    throw new BadArchive(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    await file.close();
  }
}

async function* entries(
  zip: yauzl.ZipFile,
  reader: ZipFileReader,
  { links: allowed, maximumBytes = Number.POSITIVE_INFINITY }: ZipToTarOptions,
): AsyncGenerator<Buffer> {
  const links = new Set<string>();
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    const name = safePath(entry.fileName, links);
    if (name === "") continue;
    const mode = (entry.externalFileAttributes >>> 16) & 0xffff;
    const modified = Math.max(0, Math.floor(entry.getLastModDate().getTime() / 1000));
    if (entry.fileName.endsWith("/")) {
      yield tarHeader({ name: `${name}/`, type: "5", mode: 0o755, size: 0, modified });
      continue;
    }
    if (entry.isEncrypted()) throw new BadArchive(`"${name}" is encrypted`);
    bytes += entry.uncompressedSize;
    if (bytes > maximumBytes) {
      throw new BadArchive(`its files are more than ${Math.floor(maximumBytes / 1024 ** 2)} MiB`);
    }
    const type = mode & fileTypeMask;
    if (type === symlinkType) {
      const linkTarget = (await content(zip, reader, entry)).toString("utf8");
      if (allowed === "inside") checkTarget(name, linkTarget);
      links.add(name);
      yield tarHeader({ name, type: "2", mode: 0o777, size: 0, modified, linkTarget });
    } else if (type === 0 || type === fileType) {
      // No mode at all: made where there are none.
      yield* fileBlocks(zip, reader, entry, { name, modified, mode: mode & 0o777 || 0o644 });
    } else {
      throw new BadArchive(`"${name}" is a device or another special file`);
    }
  }
  yield tarTrailer;
}

async function* fileBlocks(
  zip: yauzl.ZipFile,
  reader: ZipFileReader,
  entry: yauzl.Entry,
  base: Pick<TarEntry, "name" | "modified" | "mode">,
): AsyncGenerator<Buffer> {
  const size = entry.uncompressedSize;
  yield tarHeader({ ...base, type: "0", size });
  if (entry.compressedSize <= smallBytes && size <= smallBytes) {
    yield await content(zip, reader, entry);
  } else {
    // yauzl checks that the sizes are those of the central directory.
    yield* await zip.openReadStreamPromise(entry, {});
  }
  yield tarPadding(size);
}

/** The whole of a small entry. */
async function content(
  zip: yauzl.ZipFile,
  reader: ZipFileReader,
  entry: yauzl.Entry,
): Promise<Buffer> {
  const { uncompressedSize: size, compressedSize } = entry;
  if (size > smallBytes || compressedSize > smallBytes) {
    throw new BadArchive(`"${entry.fileName}" is too big for a link`);
  }
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const raw = await reader.bytes(fileDataStart, compressedSize);
  const data =
    entry.compressionMethod === deflated
      ? inflateRawSync(raw, { maxOutputLength: Math.max(1, size), chunkSize: size + 64 })
      : raw;
  if (entry.compressionMethod !== deflated && entry.compressionMethod !== stored) {
    throw new BadArchive(`"${entry.fileName}" is compressed in an unknown way`);
  }
  if (raw.length !== compressedSize || data.length !== size) {
    throw new BadArchive(`"${entry.fileName}" is not as long as it says`);
  }
  return data;
}

/** Joins what is small: the pipe to the container costs by the write. */
async function* gathered(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const part of source) {
    parts.push(part);
    size += part.length;
    if (size < chunkBytes) continue;
    yield Buffer.concat(parts);
    parts = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(parts);
}

/** An archive that must not, or cannot, be unpacked. */
export class BadArchive extends Error {
  override readonly name = "BadArchive";
}

function safePath(name: string, links: ReadonlySet<string>): string {
  if (Buffer.byteLength(name) >= pathMax) {
    throw new BadArchive(`"${name.slice(0, 80)}..." is too long a name`);
  }
  const path = posix.normalize(name).replace(/\/$/, "");
  if (path === ".") return "";
  if (name.includes("\0") || posix.isAbsolute(path) || path === ".." || path.startsWith("../")) {
    throw new BadArchive(`"${name}" leads out of the archive`);
  }
  for (let parent = posix.dirname(path); parent !== "."; parent = posix.dirname(parent)) {
    if (links.has(parent)) throw new BadArchive(`"${name}" lies behind a symbolic link`);
  }
  return path;
}

function checkTarget(path: string, target: string): void {
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  if (posix.isAbsolute(target) || resolved === ".." || resolved.startsWith("../")) {
    throw new BadArchive(`the link "${path}" leads out of the archive`);
  }
}
