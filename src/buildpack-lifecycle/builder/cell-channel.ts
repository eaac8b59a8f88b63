import { constants, openSync, readSync } from "node:fs";
import { pauseMs, writeAll } from "./output.ts";

/** What the cell writes for each line that it has read. */
const readByte = "x".charCodeAt(0);
/** What it writes once it has done, or cannot do, what a line asked for. */
const answerByte = "s".charCodeAt(0);

const pauseMinMs = 0.1;
const pauseMaxMs = 20;

/**
 * Tells the cell in lines of JSON what is not for the log, and hears that they were read and answered. Nothing is heard where
 * nobody answers; to wait for it only costs time.
 */
export class CellChannel {
  readonly #lines: number;
  readonly #answers: number | undefined;
  readonly #buffer = Buffer.alloc(64);
  #unread = 0;
  #answered = 0;

  /** Of `answers` a description of its own is opened, so that reading from it does not block whatever the pipe's other users want. */
  constructor(descriptors: { readonly lines: number; readonly answers: number | undefined }) {
    this.#lines = descriptors.lines;
    this.#answers = nonBlocking(descriptors.answers);
  }

  /** @throws where it cannot be written */
  tell(line: object): void {
    // What comes too late for its line must not be taken for this one's.
    this.#read();
    this.#unread = Math.max(0, this.#unread) + 1;
    writeAll(this.#lines, `${JSON.stringify(line)}\n`);
  }

  /** Waits until all that was told has been read; returns the milliseconds that it took. */
  waitUntilRead(patienceMs: number): number {
    const waitedMs = this.#waitFor(() => this.#unread <= 0, patienceMs);
    // What was not read in that time is not waited for again.
    this.#unread = 0;
    return waitedMs;
  }

  /** Waits for the answer to what was told last; returns whether it came. */
  waitForAnswer(patienceMs: number): boolean {
    this.#waitFor(() => this.#answered > 0, patienceMs);
    return this.#answered > 0;
  }

  /** For answers from here on; those that nobody has waited for are let go. */
  forgetAnswers(): void {
    this.#read();
    this.#answered = 0;
  }

  /**
   * Looks again after an eighth of what has been waited: most answers take half a millisecond, of which a staging awaits twenty.
   * Node has no reading that stops its thread for a limited time.
   */
  #waitFor(hasCome: () => boolean, patienceMs: number): number {
    if (this.#answers === undefined) return 0;
    for (let waitedMs = 0; ;) {
      this.#read();
      if (hasCome() || waitedMs >= patienceMs) return waitedMs;
      const nextMs = Math.min(pauseMaxMs, Math.max(pauseMinMs, waitedMs / 8));
      pauseMs(nextMs);
      waitedMs += nextMs;
    }
  }

  #read(): void {
    if (this.#answers === undefined) return;
    const buffer = this.#buffer;
    for (let count = buffer.length; count === buffer.length;) {
      count = bytesRead(this.#answers, buffer);
      for (const byte of buffer.subarray(0, count)) {
        if (byte === readByte) this.#unread -= 1;
        if (byte === answerByte) this.#answered += 1;
      }
    }
  }
}

function nonBlocking(fd: number | undefined): number | undefined {
  if (fd === undefined) return undefined;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

function bytesRead(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer);
  } catch {
    return 0; // EAGAIN: nothing yet.
  }
}
