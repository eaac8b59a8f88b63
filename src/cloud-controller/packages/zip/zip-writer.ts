import { readSync, writeSync } from "node:fs";

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
  readonly source: ByteRange;
}

export interface ByteRange {
  readonly fd: number;
  readonly offset: number;
}

const typeBits = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;
const utf8Flag = 0x0800;
/** 4.5: zip64, Unix. */
const madeBy = (3 << 8) | 45;
const max16 = 0xffff;
const max32 = 0xffffffff;

/** Writes a zip front to back, synchronously (it runs in a worker thread). Entries are below 4 GiB each. */
export class ZipWriter {
  readonly #out: SequentialFile;
  readonly #directory: Buffer[] = [];

  constructor(fd: number) {
    this.#out = new SequentialFile(fd);
  }

  add(entry: StoredEntry): void {
    const name = Buffer.from(entry.kind === "directory" ? `${entry.name}/` : entry.name);
    const offset = this.#out.position;
    const common = commonFields(entry, name);
    this.#out.write(Buffer.concat([localPrefix, common, Buffer.from([0, 0]), name]));
    this.#directory.push(directoryRecord(entry, { common, name, offset }));
    this.#out.copy(entry.source, entry.compressedSize);
  }

  /** Ends the archive; gives its size. */
  finish(): number {
    const directoryOffset = this.#out.position;
    for (const record of this.#directory) this.#out.write(record);
    const directorySize = this.#out.position - directoryOffset;
    const count = this.#directory.length;
    const needs64 = count >= max16 || directoryOffset >= max32 || directorySize >= max32;
    if (needs64) this.#out.write(end64(count, directorySize, directoryOffset));
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(Math.min(count, max16), 8);
    end.writeUInt16LE(Math.min(count, max16), 10);
    end.writeUInt32LE(Math.min(directorySize, max32), 12);
    end.writeUInt32LE(Math.min(directoryOffset, max32), 16);
    this.#out.write(end);
    this.#out.flush();
    return this.#out.position;
  }
}

/** Appends in large writes. */
export class SequentialFile {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(1024 * 1024);
  #used = 0;
  #flushed = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get position(): number {
    return this.#flushed + this.#used;
  }

  write(bytes: Buffer): void {
    let done = 0;
    while (done < bytes.length) {
      if (this.#used === this.#buffer.length) this.flush();
      const copied = bytes.copy(this.#buffer, this.#used, done);
      this.#used += copied;
      done += copied;
    }
  }

  copy(source: ByteRange, length: number): void {
    let done = 0;
    while (done < length) {
      if (this.#used === this.#buffer.length) this.flush();
      const wanted = Math.min(length - done, this.#buffer.length - this.#used);
      const read = readSync(source.fd, this.#buffer, this.#used, wanted, source.offset + done);
      if (read === 0) throw new Error("The source of an entry ends too early");
      this.#used += read;
      done += read;
    }
  }

  flush(): void {
    let done = 0;
    while (done < this.#used) {
      done += writeSync(this.#fd, this.#buffer, done, this.#used - done);
    }
    this.#flushed += this.#used;
    this.#used = 0;
  }
}

const localPrefix = Buffer.from([0x50, 0x4b, 0x03, 0x04]);

/** From "version needed" to the length of the name: the same 24 bytes in both headers. */
function commonFields(entry: StoredEntry, name: Buffer): Buffer {
  const fields = Buffer.alloc(24);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(utf8Flag, 2);
  fields.writeUInt16LE(entry.method, 4);
  fields.writeUInt32LE(entry.modified, 6);
  fields.writeUInt32LE(entry.crc32, 10);
  fields.writeUInt32LE(entry.compressedSize, 14);
  fields.writeUInt32LE(entry.size, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

function directoryRecord(
  entry: StoredEntry,
  at: { readonly common: Buffer; readonly name: Buffer; readonly offset: number },
): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt32LE(0x02014b50, 0);
  head.writeUInt16LE(madeBy, 4);
  const extra = at.offset >= max32 ? offset64(at.offset) : Buffer.alloc(0);
  const tail = Buffer.alloc(16);
  tail.writeUInt16LE(extra.length, 0);
  tail.writeUInt32LE((((typeBits[entry.kind] | entry.mode) << 16) >>> 0) + dosBits(entry), 8);
  tail.writeUInt32LE(Math.min(at.offset, max32), 12);
  return Buffer.concat([head, at.common, tail, at.name, extra]);
}

function dosBits(entry: StoredEntry): number {
  return entry.kind === "directory" ? 0x10 : 0;
}

function offset64(offset: number): Buffer {
  const extra = Buffer.alloc(12);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8, 2);
  extra.writeBigUInt64LE(BigInt(offset), 4);
  return extra;
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
