import { readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { BlobInfo } from "#blobstore/blobstore.ts";
import { Digests } from "#blobstore/digests.ts";
import { ReadAhead } from "./read-ahead.ts";

export interface ByteRange {
  readonly file: ReadAhead;
  readonly offset: number;
}

export class SourceTooShort extends Error {
  override readonly name = "SourceTooShort";
}

/** Appends in large writes, and knows the checksums of what it has written. */
export class SequentialFile {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(1024 * 1024);
  readonly #digests = new Digests();
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
      if (this.#used === this.#buffer.length) this.#flush();
      const copied = bytes.copy(this.#buffer, this.#used, done);
      this.#used += copied;
      done += copied;
    }
  }

  /** The next so many bytes, to be filled in by the caller at once; at most some thousands. */
  reserve(length: number): { readonly buffer: Buffer; readonly at: number } {
    if (this.#used + length > this.#buffer.length) this.#flush();
    const at = this.#used;
    this.#used += length;
    return { buffer: this.#buffer, at };
  }

  /** @throws `SourceTooShort` */
  copy(source: ByteRange, length: number): void {
    if (length > ReadAhead.mostBytes) {
      this.#copyLarge(source, length, () => undefined);
      return;
    }
    this.write(wholly(source, length));
  }

  /** As `copy`; gives the CRC-32 of what was copied. */
  copyMeasured(source: ByteRange, length: number): number {
    if (length > ReadAhead.mostBytes) {
      let checksum = 0;
      this.#copyLarge(source, length, (piece) => (checksum = crc32(piece, checksum)));
      return checksum;
    }
    const bytes = wholly(source, length);
    this.write(bytes);
    return crc32(bytes);
  }

  /** Writes what is left; nothing can be appended after it. */
  finish(): BlobInfo {
    this.#flush();
    return this.#digests.info();
  }

  #copyLarge(source: ByteRange, length: number, see: (piece: Buffer) => void): void {
    let done = 0;
    while (done < length) {
      if (this.#used === this.#buffer.length) this.#flush();
      const wanted = Math.min(length - done, this.#buffer.length - this.#used);
      const read = readSync(source.file.fd, this.#buffer, this.#used, wanted, source.offset + done);
      if (read === 0) throw tooShort();
      see(this.#buffer.subarray(this.#used, this.#used + read));
      this.#used += read;
      done += read;
    }
  }

  #flush(): void {
    let done = 0;
    while (done < this.#used) {
      done += writeSync(this.#fd, this.#buffer, done, this.#used - done);
    }
    this.#digests.update(this.#buffer.subarray(0, this.#used));
    this.#flushed += this.#used;
    this.#used = 0;
  }
}

function wholly({ file, offset }: ByteRange, length: number): Buffer {
  const bytes = file.read(offset, length);
  if (bytes.length < length) throw tooShort();
  return bytes;
}

function tooShort(): SourceTooShort {
  return new SourceTooShort("The source of an entry ends too early");
}
