import { fstatSync, readSync } from "node:fs";
import { InvalidZip, shown } from "./invalid-zip.ts";

/**
 * The central directory of a zip, read strictly: the archive begins at byte 0, ends with its end record, and every
 * byte between belongs to what the directory says. Archives that two programs could read differently (concatenated,
 * prefixed, with bytes behind) are refused, for what we check must be what a cell unpacks. Sizes come from here, never
 * from local headers: the official client writes data descriptors (flag bit 3) and zeros there.
 */
export interface ZipEntry {
  /** Relative, `/` between segments, no trailing `/`. */
  readonly name: string;
  /** As it stands in the archive. */
  readonly rawName: Buffer;
  /** `root` is `./`, which says nothing. */
  readonly kind: "file" | "directory" | "symlink" | "root";
  /** Permission bits, 0 to 0o777, as uploaded. */
  readonly mode: number;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly localHeaderOffset: number;
  /** Time and date of MS-DOS, the time in the low half. */
  readonly modified: number;
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[];
  /** Where the directory begins: no entry's data reaches beyond. */
  readonly offset: number;
}

const endSignature = 0x06054b50;
const end64LocatorSignature = 0x07064b50;
const end64Signature = 0x06064b50;
const entrySignature = 0x02014b50;
const mostDirectoryBytes = 128 * 1024 * 1024;

export interface DirectoryLimits {
  readonly maxEntries: number;
  /** Of the directory itself; default 128 MiB. */
  readonly maxDirectoryBytes?: number;
}

/** @throws `InvalidZip` */
export function readZipDirectory(fd: number, limits: DirectoryLimits): ZipDirectory {
  const { maxEntries, maxDirectoryBytes = mostDirectoryBytes } = limits;
  const size = fstatSync(fd).size;
  const end = readEnd(fd, size);
  if (end.count > maxEntries) {
    throw new InvalidZip(`it has ${end.count} entries; at most ${maxEntries} are allowed`);
  }
  if (end.directoryOffset + end.directorySize !== end.at) {
    throw new InvalidZip("its central directory is not where its end record says");
  }
  if (end.directorySize > maxDirectoryBytes) {
    throw new InvalidZip("the names of its entries are too long together");
  }
  const bytes = readExactly(fd, end.directoryOffset, end.directorySize);
  const entries: ZipEntry[] = [];
  let position = 0;
  for (let index = 0; index < end.count; index += 1) {
    const { entry, next } = parseEntry(bytes, position);
    entries.push(entry);
    position = next;
  }
  if (position !== bytes.length) throw new InvalidZip("its central directory has a wrong length");
  return { entries, offset: end.directoryOffset };
}

export function readExactly(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const read = readSync(fd, bytes, done, length - done, offset + done);
    if (read === 0) throw new InvalidZip("it is truncated");
    done += read;
  }
  return bytes;
}

interface EndRecord {
  /** Where the end records begin. */
  readonly at: number;
  readonly count: number;
  readonly directorySize: number;
  readonly directoryOffset: number;
}

function readEnd(fd: number, size: number): EndRecord {
  const tail = readExactly(fd, Math.max(0, size - 65_557), Math.min(size, 65_557));
  const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (at < 0 || at + 22 > tail.length || at + 22 + tail.readUInt16LE(at + 20) !== tail.length) {
    throw new InvalidZip("end-of-central-directory signature not found");
  }
  const offset = size - tail.length + at;
  const record = tail.subarray(at, at + 22);
  const count = record.readUInt16LE(10);
  const directorySize = record.readUInt32LE(12);
  const directoryOffset = record.readUInt32LE(16);
  const isSplit = record.readUInt32LE(4) !== 0 && record.readUInt32LE(4) !== 0xffffffff;
  if (isSplit || record.readUInt16LE(8) !== count || record.readUInt32LE(0) !== endSignature) {
    throw new InvalidZip("its end record contradicts itself");
  }
  const is64 = count === 0xffff || directorySize === 0xffffffff || directoryOffset === 0xffffffff;
  const at64 = is64 ? readEnd64(fd, offset) : undefined;
  return at64 ?? { at: offset, count, directorySize, directoryOffset };
}

function readEnd64(fd: number, endOffset: number): EndRecord | undefined {
  if (endOffset < 76) return undefined;
  const locator = readExactly(fd, endOffset - 20, 20);
  if (locator.readUInt32LE(0) !== end64LocatorSignature) return undefined;
  const at = toSafeNumber(locator.readBigUInt64LE(8));
  if (at > endOffset - 76) throw new InvalidZip("its zip64 end record is not where it should be");
  const record = readExactly(fd, at, 56);
  const length = toSafeNumber(record.readBigUInt64LE(4)) + 12;
  if (record.readUInt32LE(0) !== end64Signature || at + length !== endOffset - 20) {
    throw new InvalidZip("its zip64 end record is not where it should be");
  }
  return {
    at,
    count: toSafeNumber(record.readBigUInt64LE(32)),
    directorySize: toSafeNumber(record.readBigUInt64LE(40)),
    directoryOffset: toSafeNumber(record.readBigUInt64LE(48)),
  };
}

function parseEntry(
  bytes: Buffer,
  at: number,
): { readonly entry: ZipEntry; readonly next: number } {
  if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== entrySignature) {
    throw new InvalidZip("its central directory is damaged");
  }
  const nameEnd = at + 46 + bytes.readUInt16LE(at + 28);
  const extraEnd = nameEnd + bytes.readUInt16LE(at + 30);
  const next = extraEnd + bytes.readUInt16LE(at + 32);
  if (next > bytes.length) throw new InvalidZip("its central directory is damaged");
  const rawName = bytes.subarray(at + 46, nameEnd);
  const text = decodeName(rawName);
  const name = text.replace(/^(\.\/)+/, "").replace(/\/$/, "");
  const sizes = wideSizes(
    {
      size: bytes.readUInt32LE(at + 24),
      compressedSize: bytes.readUInt32LE(at + 20),
      localHeaderOffset: bytes.readUInt32LE(at + 42),
    },
    bytes.subarray(nameEnd, extraEnd),
  );
  const flags = bytes.readUInt16LE(at + 8);
  const entry: ZipEntry = {
    name,
    rawName,
    ...kindAndMode(text, bytes.readUInt8(at + 5), bytes.readUInt32LE(at + 38) >>> 16),
    method: bytes.readUInt16LE(at + 10),
    // Bits: encrypted, strongly encrypted, header masked.
    encrypted: (flags & 0x2041) !== 0,
    crc32: bytes.readUInt32LE(at + 16),
    ...sizes,
    modified: bytes.readUInt32LE(at + 12),
  };
  return { entry, next };
}

interface Sizes {
  readonly size: number;
  readonly compressedSize: number;
  readonly localHeaderOffset: number;
}

/** Fields of 0xffffffff stand in the zip64 extra field (id 1), in this order. */
function wideSizes(narrow: Sizes, extra: Buffer): Sizes {
  const wide = zip64Extra(extra);
  let position = 0;
  const widened = (value: number): number => {
    if (value !== 0xffffffff || wide === undefined) return value;
    if (position + 8 > wide.length) throw new InvalidZip("a zip64 field is damaged");
    position += 8;
    return toSafeNumber(wide.readBigUInt64LE(position - 8));
  };
  return {
    size: widened(narrow.size),
    compressedSize: widened(narrow.compressedSize),
    localHeaderOffset: widened(narrow.localHeaderOffset),
  };
}

function zip64Extra(extra: Buffer): Buffer | undefined {
  let at = 0;
  while (at + 4 <= extra.length) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) return extra.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return undefined;
}

/**
 * The trailing slash makes a directory: the official client's directories claim to be regular files. Without Unix
 * attributes (or with none set) a file is 0644 and a directory 0755.
 */
function kindAndMode(
  rawName: string,
  madeBy: number,
  attributes: number,
): Pick<ZipEntry, "kind" | "mode"> {
  const isUnix = (madeBy === 3 || madeBy === 19) && attributes !== 0;
  const mode = attributes & 0o777;
  if (/^(\.\/)+$/.test(rawName)) return { kind: "root", mode: 0o755 };
  if (rawName.endsWith("/")) return { kind: "directory", mode: isUnix ? mode : 0o755 };
  if (!isUnix) return { kind: "file", mode: 0o644 };
  const type = attributes & 0o170000;
  if (type === 0o120000) return { kind: "symlink", mode };
  if (type === 0o100000 || type === 0) return { kind: "file", mode };
  throw new InvalidZip(
    `"${shown(rawName)}" is of an unsupported type: only files, directories and symbolic links are`,
  );
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeName(raw: Buffer): string {
  try {
    return utf8.decode(raw);
  } catch (error) {
    const text = shown(raw.toString("latin1"));
    throw new InvalidZip(`the name "${text}" is not in UTF-8`, { cause: error });
  }
}

function toSafeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new InvalidZip("a size is out of range");
  return Number(value);
}
