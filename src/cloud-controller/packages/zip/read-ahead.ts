import { readSync } from "node:fs";

const smallestBytes = 16 * 1024;
const largestBytes = 256 * 1024;

/**
 * Gives ranges of a file, synchronously, out of few large reads where they follow each other, as the contents of a
 * package nearly always do: a system call for each of 15,000 small files took longer than all else that is done with them.
 * Whoever jumps about pays a small read a jump.
 */
export class ReadAhead {
  readonly fd: number;
  #buffer = Buffer.allocUnsafeSlow(smallestBytes);
  #start = 0;
  #length = 0;
  #next = smallestBytes;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Good until the next call; shorter where the file ends. At most `ReadAhead.mostBytes`. */
  read(offset: number, length: number): Buffer {
    if (offset < this.#start || offset + length > this.#start + this.#length) {
      this.#fill(offset, length);
    }
    const at = offset - this.#start;
    return this.#buffer.subarray(at, Math.min(at + length, this.#length));
  }

  static readonly mostBytes = largestBytes;

  #fill(offset: number, length: number): void {
    const end = this.#start + this.#length;
    const follows = offset >= this.#start && offset <= end + smallestBytes;
    this.#next = follows ? Math.min(this.#next * 2, largestBytes) : smallestBytes;
    const wanted = Math.max(this.#next, length);
    if (this.#buffer.length < wanted) this.#buffer = Buffer.allocUnsafeSlow(wanted);
    this.#start = offset;
    this.#length = 0;
    while (this.#length < wanted) {
      const read = readSync(
        this.fd,
        this.#buffer,
        this.#length,
        wanted - this.#length,
        offset + this.#length,
      );
      if (read === 0) break;
      this.#length += read;
    }
  }
}
