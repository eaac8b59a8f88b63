import { closeSync, openSync, renameSync, fstatSync, writeSync } from "node:fs";

/** Bytes; the file then becomes `FILE.1`, in place of the one before. */
const defaultMaximumBytes = 64 * 1024 * 1024;

/** A log names users, their apps and what they asked for. */
const ownersOnly = 0o600;

/**
 * Where a log's lines go: written at once, so that a crash loses none, at most two files long, and nobody else's to read. A disk that is full
 * loses lines, says how many once there is room again, and ends nothing.
 */
export class LogFile implements Disposable {
  readonly #file: string;
  readonly #maximumBytes: number;
  #fd: number;
  #bytes: number;
  #lost = 0;

  constructor(file: string, options: { readonly maximumBytes?: number } = {}) {
    this.#file = file;
    this.#maximumBytes = options.maximumBytes ?? defaultMaximumBytes;
    this.#fd = openSync(file, "a", ownersOnly);
    this.#bytes = fstatSync(this.#fd).size;
  }

  write(line: string): void {
    try {
      if (this.#bytes >= this.#maximumBytes) this.#rotate();
      if (this.#lost > 0) this.#append(lostLine(this.#lost));
      this.#lost = 0;
      this.#append(line);
    } catch {
      this.#lost += 1;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    // A late line must not go where the number leads by then.
    this.#fd = -1;
  }

  #append(text: string): void {
    const bytes = Buffer.from(text);
    const written = writeSync(this.#fd, bytes);
    this.#bytes += written;
    if (written < bytes.length) throw new Error("No space left for a whole line");
  }

  #rotate(): void {
    renameSync(this.#file, `${this.#file}.1`);
    const next = openSync(this.#file, "a", ownersOnly);
    closeSync(this.#fd);
    this.#fd = next;
    this.#bytes = 0;
  }
}

/** The last line may have been cut, so this one begins anew. */
function lostLine(count: number): string {
  return `\n${JSON.stringify({ level: 40, lost: count, msg: "log-lines-lost" })}\n`;
}
