import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { Readable } from "node:stream";

const chunkBytes = 65_536;
// A leftover background process may go on writing; what counts is what the ended one wrote, and that is at most a
// pipe's capacity.
const drainBytes = 1024 * 1024;

/**
 * The reading end of a FIFO whose writers come and go. A socket rather than a file stream, which fails with EAGAIN on
 * a descriptor that does not block.
 */
export class FifoStream extends Readable {
  readonly #fd: number;
  readonly #socket: Socket;
  #ended = false;

  /** Told before and after each chunk is passed on. */
  constructor(
    file: string,
    passing: { before(): void; after(chunk: Buffer): void } = {
      before: () => undefined,
      after: () => undefined,
    },
  ) {
    super({ highWaterMark: chunkBytes });
    this.#fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd: this.#fd, readable: true, writable: false });
    this.#socket.on("data", (chunk) => {
      passing.before();
      if (!this.push(chunk)) this.#socket.pause();
      passing.after(chunk);
    });
    this.#socket.on("error", (error) => this.destroy(error));
    this.#socket.on("end", () => this.#end());
  }

  /** All that will count has been written: ends the stream after it, whoever still holds the FIFO open. */
  finish(): void {
    if (this.#ended || this.destroyed) return;
    this.#socket.pause();
    this.#drain();
    this.#end();
  }

  /** Passes on at once what is in the FIFO now, and goes on. */
  readNow(): void {
    if (this.#ended || this.destroyed) return;
    const wasPaused = this.#socket.isPaused();
    this.#socket.pause();
    this.#drain();
    if (!wasPaused) this.#socket.resume();
  }

  #drain(): void {
    // What the socket has read already comes first; reading it emits "data".
    while (this.#socket.read() !== null);
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let total = 0; total < drainBytes;) {
      const count = readAvailable(this.#fd, buffer);
      if (count === 0) break;
      total += count;
      this.push(Buffer.from(buffer.subarray(0, count)));
    }
  }

  override _read(): void {
    if (!this.#ended) this.#socket.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#ended = true;
    this.#socket.destroy();
    callback(error);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.push(null);
    this.#socket.destroy();
  }
}

/** Writes into a FIFO if somebody holds it open to read. */
export function pokeFifo(file: string, text = "x"): void {
  try {
    const fd = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  } catch {
    // ENXIO: nobody does. EAGAIN: it has been poked often enough.
  }
}

function readAvailable(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer);
  } catch {
    // EAGAIN: nothing there now.
    return 0;
  }
}
