import { createHash, hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { constants, crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { pipeline } from "node:stream/promises";
import { InvalidZip, shown } from "./invalid-zip.ts";
import { readExactly, type ZipEntry } from "./zip-directory.ts";

/** Where an entry's compressed bytes lie in its file, proved to be what the directory says they are. */
export interface VerifiedEntry {
  readonly entry: ZipEntry;
  readonly dataOffset: number;
  /** Of the content, hex. */
  readonly sha1: string;
  readonly sha256: string;
  /** Of the compressed bytes. */
  readonly packedCrc32: number;
  /** The target of a symbolic link. */
  readonly linkTarget: string | undefined;
}

/** Content up to this size is inflated in one call; larger content passes through in pieces. */
const inMemoryBytes = 4 * 1024 * 1024;
const maxLinkTargetBytes = 4096;

/**
 * Reads and inflates the entry's content and compares it with the directory: name, size, CRC. Inflation stops at the
 * size that was declared, so that nothing unpacks to more than what was counted.
 *
 * @param limit where the next entry or the directory begins.
 * @throws `InvalidZip`
 */
export async function verifyEntry(
  fd: number,
  entry: ZipEntry,
  limit: number,
): Promise<VerifiedEntry> {
  const dataOffset = checkLocalHeader(fd, entry);
  if (dataOffset + entry.compressedSize > limit) {
    throw new InvalidZip(`"${shown(entry.name)}" overlaps with what follows it`);
  }
  if (entry.kind === "symlink" && entry.size >= maxLinkTargetBytes) {
    throw new InvalidZip(`the symbolic link "${shown(entry.name)}" has a target that is too long`);
  }
  const { sha1, sha256, packedCrc32, inMemory } = await readContent(fd, entry, dataOffset);
  return {
    entry,
    dataOffset,
    sha1,
    sha256,
    packedCrc32,
    linkTarget: entry.kind === "symlink" ? inMemory?.toString("utf8") : undefined,
  };
}

/** What it takes to read an entry's content and to tell whether it is whole. */
export type Content = Pick<ZipEntry, "name" | "method" | "crc32" | "compressedSize" | "size">;

interface Digests {
  /** Hex. */
  readonly sha1: string;
  readonly sha256: string;
  /** Of the compressed bytes. */
  readonly packedCrc32: number;
}

interface ReadContent extends Digests {
  readonly inMemory: Buffer | undefined;
}

/** Inflates and checks size and CRC; gives small content itself too. @throws `InvalidZip` */
export async function readContent(
  fd: number,
  content: Content,
  dataOffset: number,
): Promise<ReadContent> {
  if (content.size > inMemoryBytes || content.compressedSize > inMemoryBytes) {
    return { ...(await streamedDigests(fd, content, dataOffset)), inMemory: undefined };
  }
  const packed = readExactly(fd, dataOffset, content.compressedSize);
  const bytes = inflate(packed, content);
  if (crc32(bytes) !== content.crc32) throw damaged(content);
  return {
    sha1: hash("sha1", bytes, "hex"),
    sha256: hash("sha256", bytes, "hex"),
    packedCrc32: content.method === 0 ? content.crc32 : crc32(packed),
    inMemory: bytes,
  };
}

/** Gives the offset of the data. */
function checkLocalHeader(fd: number, entry: ZipEntry): number {
  const nameLength = entry.rawName.length;
  const header = readExactly(fd, entry.localHeaderOffset, 30 + nameLength);
  const isSame =
    header.readUInt32LE(0) === 0x04034b50 &&
    header.readUInt16LE(26) === nameLength &&
    header.subarray(30).equals(entry.rawName) &&
    header.readUInt16LE(8) === entry.method;
  if (!isSame) {
    throw new InvalidZip(
      `mismatching local filename: "${shown(entry.name)}" has another local header`,
    );
  }
  return entry.localHeaderOffset + 30 + nameLength + header.readUInt16LE(28);
}

function inflate(compressed: Buffer, entry: Content): Buffer {
  if (entry.method === 0) return compressed;
  try {
    const content = inflateRawSync(compressed, {
      maxOutputLength: Math.max(entry.size, 1),
      chunkSize: entry.size + 64,
      finishFlush: constants.Z_FINISH,
    });
    if (content.length === entry.size) return content;
  } catch (error) {
    throw damaged(entry, error);
  }
  throw damaged(entry);
}

async function streamedDigests(fd: number, entry: Content, dataOffset: number): Promise<Digests> {
  const sha1 = createHash("sha1");
  const sha256 = createHash("sha256");
  let size = 0;
  let checksum = 0;
  let packed = 0;
  const compressed = createReadStream("", {
    fd,
    autoClose: false,
    start: dataOffset,
    end: dataOffset + entry.compressedSize - 1,
  });
  const measurePacked = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      packed = crc32(chunk, packed);
      yield chunk;
    }
  };
  const measure = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > entry.size) throw damaged(entry);
      checksum = crc32(chunk, checksum);
      sha1.update(chunk);
      sha256.update(chunk);
    }
  };
  try {
    await (entry.method === 0
      ? pipeline(compressed, measurePacked, measure)
      : pipeline(compressed, measurePacked, createInflateRaw(), measure));
  } catch (error) {
    throw error instanceof InvalidZip ? error : damaged(entry, error);
  }
  if (size !== entry.size || checksum !== entry.crc32) throw damaged(entry);
  return { sha1: sha1.digest("hex"), sha256: sha256.digest("hex"), packedCrc32: packed };
}

function damaged(entry: Content, cause?: unknown): InvalidZip {
  return new InvalidZip(`the content of "${shown(entry.name)}" is damaged`, { cause });
}
