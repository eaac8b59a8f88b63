import { open, type FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import { crc32, deflateRaw, deflateRawSync, type ZlibOptions } from "node:zlib";

/** What an entry's header says. */
export interface ZipEntry {
  /** With `/` between names; a folder ends in one. */
  readonly name: string;
  /** Unix mode with its type bits. */
  readonly mode: number;
  readonly modified: Date;
}

/** Content in the form in which it will stand in the zip. */
export interface ZipContent {
  readonly method: "stored" | "deflated";
  readonly crc: number;
  /** Bytes before compression. */
  readonly size: number;
  readonly compressedSize: number;
  readonly bytes: AsyncIterable<Uint8Array> | readonly Uint8Array[];
}

/** What came is not as long as its entry was told to be. */
export class ContentChanged extends Error {
  override readonly name = "ContentChanged";
}

const stored = 0;
const deflated = 8;
const utf8Names = 0x0800;
const unix = 3;
const plainVersion = 20;
/** Version 4.5 of the format: entries and archives past 4 GiB. */
const zip64Version = 45;
const max32 = 0xffff_ffff;
const max16 = 0xffff;
const flushBytes = 1024 * 1024;

/**
 * Writes a zip to a file, one entry after the other, with memory for one chunk and the central directory.
 * Our own because the packing of many small files is a push's greatest local cost: yazl looks through all entries for
 * each one and makes a chain of six streams a file; here a small file is one read, one deflate and one buffer.
 */
export class ZipWriter implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #directory: Buffer[] = [];
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #offset = 0;
  #entries = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(path: string): Promise<ZipWriter> {
    return new ZipWriter(await open(path, "wx", 0o600));
  }

  /** Adds content whose compressed form and sizes are known. */
  async add(entry: ZipEntry, content: ZipContent): Promise<void> {
    const name = Buffer.from(entry.name);
    const header = fixedHeader(entry, content);
    const at = this.#offset;
    if (at >= max32) header.writeUInt16LE(zip64Version);
    await this.#write(localHeader(header, name, content));
    const end = this.#offset + content.compressedSize;
    for await (const chunk of content.bytes) await this.#write(chunk);
    if (this.#offset !== end)
      throw new ContentChanged(`"${entry.name}" changed while it was packed`);
    this.#directory.push(directoryRecord({ header, name, content, at, mode: entry.mode }));
    this.#entries += 1;
  }

  /** Writes the central directory; nothing can be added after it. Resolves with the archive's size in bytes. */
  async finish(): Promise<number> {
    const start = this.#offset;
    for (const record of this.#directory) await this.#write(record);
    await this.#write(endRecords(this.#entries, start, this.#offset - start));
    await this.#flush();
    return this.#offset;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#offset += bytes.length;
    if (this.#pendingBytes >= flushBytes) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    for (let written = 0; written < bytes.length;) {
      written += (await this.#file.write(bytes, written)).bytesWritten;
    }
  }
}

/** Less than what a header takes is not worth the try. */
const leastDeflatedBytes = 64;
/** To hand a smaller one to a thread takes as long as to deflate it. */
const leastThreadBytes = 128 * 1024;
const deflateInThread = promisify<Uint8Array, ZlibOptions, Buffer>(deflateRaw);

export function storedBytes(content: Uint8Array): ZipContent {
  return {
    method: "stored",
    crc: crc32(content),
    size: content.length,
    compressedSize: content.length,
    bytes: [content],
  };
}

/** The fastest level: the way to the platform is short. One output chunk saves a fifth of the time on small files. */
export async function deflatedWhereSmaller(content: Uint8Array): Promise<ZipContent> {
  if (content.length < leastDeflatedBytes) return storedBytes(content);
  const options = { level: 1, chunkSize: content.length + 64 };
  const isLarge = content.length >= leastThreadBytes;
  const deflated = isLarge
    ? await deflateInThread(content, options)
    : deflateRawSync(content, options);
  if (deflated.length >= content.length) return storedBytes(content);
  return {
    method: "deflated",
    crc: crc32(content),
    size: content.length,
    compressedSize: deflated.length,
    bytes: [deflated],
  };
}

/** The part that local header and central directory share, from the version needed to the CRC. */
function fixedHeader(entry: ZipEntry, content: ZipContent): Buffer {
  const header = Buffer.alloc(14);
  header.writeUInt16LE(isBig(content) ? zip64Version : plainVersion, 0);
  header.writeUInt16LE(utf8Names, 2);
  header.writeUInt16LE(content.method === "deflated" ? deflated : stored, 4);
  const { date, time } = dosTime(entry.modified);
  header.writeUInt16LE(time, 6);
  header.writeUInt16LE(date, 8);
  header.writeUInt32LE(content.crc, 10);
  return header;
}

function localHeader(header: Buffer, name: Buffer, content: ZipContent): Buffer {
  const big = isBig(content);
  const extra = big ? zip64Extra([content.size, content.compressedSize]) : Buffer.alloc(0);
  const fields = Buffer.alloc(12);
  fields.writeUInt32LE(big ? max32 : content.compressedSize, 0);
  fields.writeUInt32LE(big ? max32 : content.size, 4);
  fields.writeUInt16LE(name.length, 8);
  fields.writeUInt16LE(extra.length, 10);
  return Buffer.concat([signature(0x0403_4b50), header, fields, name, extra]);
}

function directoryRecord(record: {
  readonly header: Buffer;
  readonly name: Buffer;
  readonly content: ZipContent;
  readonly at: number;
  readonly mode: number;
}): Buffer {
  const { header, name, content, at, mode } = record;
  const big = isBig(content) || at >= max32;
  const extra = big ? zip64Extra([content.size, content.compressedSize, at]) : Buffer.alloc(0);
  const fields = Buffer.alloc(26);
  fields.writeUInt32LE(big ? max32 : content.compressedSize, 0);
  fields.writeUInt32LE(big ? max32 : content.size, 4);
  fields.writeUInt16LE(name.length, 8);
  fields.writeUInt16LE(extra.length, 10);
  fields.writeUInt32LE((mode << 16) >>> 0, 18);
  fields.writeUInt32LE(big ? max32 : at, 22);
  const madeBy = Buffer.from([zip64Version, unix]);
  return Buffer.concat([signature(0x0201_4b50), madeBy, header, fields, name, extra]);
}

function isBig(content: ZipContent): boolean {
  return content.size >= max32 || content.compressedSize >= max32;
}

function zip64Extra(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + values.length * 8);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(values.length * 8, 2);
  for (const [index, value] of values.entries())
    extra.writeBigUInt64LE(BigInt(value), 4 + index * 8);
  return extra;
}

function endRecords(entries: number, start: number, length: number): Buffer {
  const end = Buffer.alloc(18);
  const count = Math.min(entries, max16);
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(Math.min(length, max32), 8);
  end.writeUInt32LE(Math.min(start, max32), 12);
  const plain = Buffer.concat([signature(0x0605_4b50), end]);
  if (entries < max16 && start < max32 && length < max32) return plain;
  const end64 = Buffer.alloc(52);
  end64.writeBigUInt64LE(44n, 0);
  end64.writeUInt16LE((unix << 8) | zip64Version, 8);
  end64.writeUInt16LE(zip64Version, 10);
  end64.writeBigUInt64LE(BigInt(entries), 20);
  end64.writeBigUInt64LE(BigInt(entries), 28);
  end64.writeBigUInt64LE(BigInt(length), 36);
  end64.writeBigUInt64LE(BigInt(start), 44);
  const locator = Buffer.alloc(16);
  locator.writeBigUInt64LE(BigInt(start + length), 4);
  locator.writeUInt32LE(1, 12);
  return Buffer.concat([signature(0x0606_4b50), end64, signature(0x0706_4b50), locator, plain]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Local time in steps of two seconds, from 1980 to 2107. */
function dosTime(date: Date): { date: number; time: number } {
  const year = Math.min(Math.max(date.getFullYear(), 1980), 2107);
  return {
    date: ((year - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate(),
    time: (date.getHours() << 11) | (date.getMinutes() << 5) | Math.floor(date.getSeconds() / 2),
  };
}
