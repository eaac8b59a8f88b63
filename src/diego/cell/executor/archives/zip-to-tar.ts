import { open } from "node:fs/promises";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { inflateRawSync } from "node:zlib";
import yauzl from "yauzl";
import { tarEnd, tarHeader, tarPadding, type TarEntry } from "./tar-header.ts";
import { ZipFileReader } from "./zip-file-reader.ts";

// A file whose two sizes are below this is inflated at once in memory: thousands of small files are what an app is
// made of, and a stream for each would take most of the time.
const smallBytes = 1024 * 1024;
const chunkBytes = 256 * 1024;
const stored = 0;
const deflated = 8;

/**
 * A zip as a tar stream. Modes and symbolic links are kept; directories get 0755. Cloud Controller has checked the names
 * already; they are checked again, since what is written here lands in somebody's container.
 *
 * @throws on a name or link that leads out, and on content that is not what the central directory says.
 */
export function zipToTar(path: string): Readable {
  return Readable.from(chunks(path), { objectMode: false });
}

async function* chunks(path: string): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    const reader = new ZipFileReader(file);
    const zip = await yauzl.fromRandomAccessReaderPromise(reader, (await file.stat()).size, {
      autoClose: false,
    });
    try {
      yield* gathered(entries(zip, reader));
    } finally {
      zip.close();
    }
  } finally {
    await file.close();
  }
}

async function* entries(zip: yauzl.ZipFile, reader: ZipFileReader): AsyncGenerator<Buffer> {
  const links = new Set<string>();
  for await (const entry of zip.eachEntry()) {
    const path = safePath(entry.fileName, links);
    if (path === "") continue;
    const mode = (entry.externalFileAttributes >>> 16) & 0xffff;
    const base = {
      path,
      mtime: Math.max(0, Math.floor(entry.getLastModDate().getTime() / 1000)),
    };
    if (entry.fileName.endsWith("/")) {
      yield tarHeader({ ...base, path: `${path}/`, kind: "directory", mode: 0o755, size: 0 });
    } else if ((mode & 0o170000) === 0o120000) {
      const target = (await content(zip, reader, entry)).toString("utf8");
      checkTarget(path, target);
      links.add(path);
      yield tarHeader({ ...base, kind: "symlink", mode: 0o777, size: 0, target });
    } else {
      yield* fileBlocks(zip, reader, entry, { ...base, mode: mode & 0o777 || 0o644 });
    }
  }
  yield tarEnd;
}

async function* fileBlocks(
  zip: yauzl.ZipFile,
  reader: ZipFileReader,
  entry: yauzl.Entry,
  base: Pick<TarEntry, "path" | "mtime" | "mode">,
): AsyncGenerator<Buffer> {
  const size = entry.uncompressedSize;
  yield tarHeader({ ...base, kind: "file", size });
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
    throw new BadZip(`"${entry.fileName}" is too big for a link`);
  }
  if (entry.isEncrypted()) throw new BadZip(`"${entry.fileName}" is encrypted`);
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const raw = await reader.bytes(fileDataStart, compressedSize);
  const data =
    entry.compressionMethod === deflated
      ? inflateRawSync(raw, { maxOutputLength: Math.max(1, size), chunkSize: size + 64 })
      : raw;
  if (entry.compressionMethod !== deflated && entry.compressionMethod !== stored) {
    throw new BadZip(`"${entry.fileName}" is compressed in an unknown way`);
  }
  if (raw.length !== compressedSize || data.length !== size) {
    throw new BadZip(`"${entry.fileName}" is not as long as it says`);
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

class BadZip extends Error {
  override readonly name = "BadZip";
}

function safePath(name: string, links: ReadonlySet<string>): string {
  const path = posix.normalize(name).replace(/\/$/, "");
  if (path === ".") return "";
  if (name.includes("\0") || posix.isAbsolute(path) || path === ".." || path.startsWith("../")) {
    throw new BadZip(`"${name}" leads out of the archive`);
  }
  for (let parent = posix.dirname(path); parent !== "."; parent = posix.dirname(parent)) {
    if (links.has(parent)) throw new BadZip(`"${name}" lies behind a symbolic link`);
  }
  return path;
}

function checkTarget(path: string, target: string): void {
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  if (posix.isAbsolute(target) || resolved === ".." || resolved.startsWith("../")) {
    throw new BadZip(`the link "${path}" leads out of the archive`);
  }
}
