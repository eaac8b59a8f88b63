import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { RandomAccessReader } from "yauzl";

const windowBytes = 1024 * 1024;
/** One lies in the central directory, one in the entries: a zip is read at two places in turn. */
const windowCount = 2;
const streamedBytes = 256 * 1024;

interface Window {
  readonly start: number;
  readonly bytes: Buffer;
}

/**
 * Reads a zip in pieces of 1 MiB and answers from them. The archive library asks for some forty bytes at a time, four
 * times an entry: over a package of 15,000 files those calls took longer than everything else.
 */
export class ZipFileReader extends RandomAccessReader {
  readonly #file: FileHandle;
  /** The one used last comes first. */
  #windows: Window[] = [];

  constructor(file: FileHandle) {
    super();
    this.#file = file;
  }

  // oxlint-disable-next-line max-params -- the archive library's signature
  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    const window = this.#windowOf(position, length);
    if (window !== undefined) {
      const at = position - window.start;
      callback(null, window.bytes.copy(target, offset, at, at + length));
      return;
    }
    this.#readAt(position, length).then(
      (bytes) => callback(null, bytes.copy(target, offset)),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** At once where it lies in a window; fewer bytes than asked for at the end of the file. */
  bytes(position: number, length: number): Buffer | Promise<Buffer> {
    const window = this.#windowOf(position, length);
    if (window === undefined) return this.#readAt(position, length);
    return window.bytes.subarray(position - window.start, position - window.start + length);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    // A file handle's own stream closes the handle when it is destroyed, also where it is told not to.
    return Readable.from(this.#range(start, end), { objectMode: false });
  }

  /** The file is its opener's to close. */
  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  async *#range(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end;) {
      const target = Buffer.allocUnsafeSlow(Math.min(streamedBytes, end - at));
      const { bytesRead } = await this.#file.read(target, 0, target.length, at);
      if (bytesRead === 0) throw new Error("the zip ends within an entry");
      at += bytesRead;
      yield target.subarray(0, bytesRead);
    }
  }

  #windowOf(position: number, length: number): Window | undefined {
    const window = this.#windows.find(
      ({ start, bytes }) => start <= position && position + length <= start + bytes.length,
    );
    if (window !== undefined && window !== this.#windows[0]) {
      this.#windows = [window, ...this.#windows.filter((other) => other !== window)];
    }
    return window;
  }

  async #readAt(position: number, length: number): Promise<Buffer> {
    const target = Buffer.allocUnsafeSlow(Math.max(length, windowBytes));
    const { bytesRead } = await this.#file.read(target, 0, target.length, position);
    const bytes = target.subarray(0, bytesRead);
    this.#windows = [{ start: position, bytes }, ...this.#windows.slice(0, windowCount - 1)];
    return bytes.subarray(0, length);
  }
}
