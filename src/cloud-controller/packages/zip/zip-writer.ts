import type { BlobInfo } from "#blobstore/blobstore.ts";
import { SequentialFile, type ByteRange } from "./sequential-file.ts";

/** An entry whose content is compressed already: it is copied, never inflated and deflated again. */
export interface StoredEntry {
  readonly name: string;
  readonly kind: "file" | "directory" | "symlink";
  /** Permission bits. */
  readonly mode: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly modified: number;
  /** The compressed bytes, or where they lie. */
  readonly source: ByteRange | Buffer;
}

const typeBits = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;
const utf8Flag = 0x0800;
/** 4.5: zip64, Unix. */
const madeBy = (3 << 8) | 45;
const max16 = 0xffff;
const max32 = 0xffffffff;
const directoryChunkBytes = 256 * 1024;

/** Writes a zip front to back, synchronously (it runs in a worker thread). Entries are below 4 GiB each. */
export class ZipWriter {
  readonly #out: SequentialFile;
  readonly #directory = new GrowingBytes();
  #count = 0;

  constructor(fd: number) {
    this.#out = new SequentialFile(fd);
  }

  add(entry: StoredEntry): void {
    this.#begin(entry);
    const { source } = entry;
    if (Buffer.isBuffer(source)) this.#out.write(source);
    else this.#out.copy(source, entry.compressedSize);
  }

  /** As `add`; gives the CRC-32 of the compressed bytes. */
  addMeasured(entry: StoredEntry & { readonly source: ByteRange }): number {
    this.#begin(entry);
    return this.#out.copyMeasured(entry.source, entry.compressedSize);
  }

  /** Ends the archive; gives its size and checksums. */
  finish(): BlobInfo {
    const directoryOffset = this.#out.position;
    for (const piece of this.#directory.pieces()) this.#out.write(piece);
    const directorySize = this.#out.position - directoryOffset;
    const count = this.#count;
    const needs64 = count >= max16 || directoryOffset >= max32 || directorySize >= max32;
    if (needs64) this.#out.write(end64(count, directorySize, directoryOffset));
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(Math.min(count, max16), 8);
    end.writeUInt16LE(Math.min(count, max16), 10);
    end.writeUInt32LE(Math.min(directorySize, max32), 12);
    end.writeUInt32LE(Math.min(directoryOffset, max32), 16);
    this.#out.write(end);
    return this.#out.finish();
  }

  #begin(entry: StoredEntry): void {
    const name = entry.kind === "directory" ? `${entry.name}/` : entry.name;
    const nameBytes = Buffer.byteLength(name);
    const offset = this.#out.position;
    const { buffer, at } = this.#out.reserve(30 + nameBytes);
    buffer.writeUInt32LE(0x04034b50, at);
    writeCommon(buffer, at + 4, { entry, nameBytes });
    buffer.writeUInt16LE(0, at + 28);
    buffer.write(name, at + 30);
    this.#record(entry, { name, nameBytes, offset });
    this.#count += 1;
  }

  #record(
    entry: StoredEntry,
    {
      name,
      nameBytes,
      offset,
    }: { readonly name: string; readonly nameBytes: number; readonly offset: number },
  ): void {
    const extraBytes = offset >= max32 ? 12 : 0;
    const { buffer, at } = this.#directory.reserve(46 + nameBytes + extraBytes);
    buffer.writeUInt32LE(0x02014b50, at);
    buffer.writeUInt16LE(madeBy, at + 4);
    writeCommon(buffer, at + 6, { entry, nameBytes });
    buffer.writeUInt16LE(extraBytes, at + 30);
    buffer.fill(0, at + 32, at + 38);
    const attributes = ((typeBits[entry.kind] | entry.mode) << 16) >>> 0;
    buffer.writeUInt32LE(attributes + dosBits(entry), at + 38);
    buffer.writeUInt32LE(Math.min(offset, max32), at + 42);
    buffer.write(name, at + 46);
    if (extraBytes === 0) return;
    const extra = at + 46 + nameBytes;
    buffer.writeUInt16LE(1, extra);
    buffer.writeUInt16LE(8, extra + 2);
    buffer.writeBigUInt64LE(BigInt(offset), extra + 4);
  }
}

/** From "version needed" to the length of the name: the same 24 bytes in both headers. */
function writeCommon(
  buffer: Buffer,
  at: number,
  { entry, nameBytes }: { readonly entry: StoredEntry; readonly nameBytes: number },
): void {
  buffer.writeUInt16LE(20, at);
  buffer.writeUInt16LE(utf8Flag, at + 2);
  buffer.writeUInt16LE(entry.method, at + 4);
  buffer.writeUInt32LE(entry.modified, at + 6);
  buffer.writeUInt32LE(entry.crc32, at + 10);
  buffer.writeUInt32LE(entry.compressedSize, at + 14);
  buffer.writeUInt32LE(entry.size, at + 18);
  buffer.writeUInt16LE(nameBytes, at + 22);
}

function dosBits(entry: StoredEntry): number {
  return entry.kind === "directory" ? 0x10 : 0;
}

/** What is put together while it grows, in pieces that stay where they are. */
class GrowingBytes {
  readonly #full: Buffer[] = [];
  #buffer = Buffer.allocUnsafe(directoryChunkBytes);
  #used = 0;

  /** The next so many bytes, to be filled in by the caller; far fewer than a piece holds. */
  reserve(length: number): { readonly buffer: Buffer; readonly at: number } {
    if (this.#used + length > this.#buffer.length) {
      this.#full.push(this.#buffer.subarray(0, this.#used));
      this.#buffer = Buffer.allocUnsafe(Math.max(directoryChunkBytes, length));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += length;
    return { buffer: this.#buffer, at };
  }

  pieces(): readonly Buffer[] {
    return [...this.#full, this.#buffer.subarray(0, this.#used)];
  }
}

function end64(count: number, directorySize: number, directoryOffset: number): Buffer {
  const bytes = Buffer.alloc(76);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeUInt16LE(madeBy, 12);
  bytes.writeUInt16LE(45, 14);
  bytes.writeBigUInt64LE(BigInt(count), 24);
  bytes.writeBigUInt64LE(BigInt(count), 32);
  bytes.writeBigUInt64LE(BigInt(directorySize), 40);
  bytes.writeBigUInt64LE(BigInt(directoryOffset), 48);
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(directoryOffset + directorySize), 64);
  bytes.writeUInt32LE(1, 72);
  return bytes;
}
