const newline = 0x0a;
const carriageReturn = 0x0d;

/** Bytes of a line at most: what log-cache's peers take in one envelope. */
export const maxLineBytes = 61_440;

/**
 * Cuts a stream of bytes into lines at each newline or carriage return. Empty lines are dropped; a line that is too
 * long becomes several, cut between characters of UTF-8. Keeps at most one line's bytes.
 */
export class LineSplitter {
  readonly #emit: (line: Buffer) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(emit: (line: Buffer) => void) {
    this.#emit = emit;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let at = nextEnd(chunk, 0); at !== -1; at = nextEnd(chunk, start)) {
      this.#add(chunk.subarray(start, at));
      this.flush();
      start = at + 1;
    }
    this.#add(chunk.subarray(start));
  }

  /** Ends the line that is still open: at the end of the stream. */
  flush(): void {
    if (this.#pendingBytes > 0) this.#emit(Buffer.concat(this.#pending));
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #add(part: Buffer): void {
    let rest = part;
    while (this.#pendingBytes + rest.length > maxLineBytes) {
      const line = Buffer.concat([...this.#pending, rest], maxLineBytes + 1);
      const cut = characterBoundary(line, maxLineBytes);
      this.#emit(line.subarray(0, cut));
      const fromPending = line.subarray(cut, this.#pendingBytes);
      rest = rest.subarray(Math.max(0, cut - this.#pendingBytes));
      this.#pending = fromPending.length > 0 ? [Buffer.from(fromPending)] : [];
      this.#pendingBytes = fromPending.length;
    }
    if (rest.length === 0) return;
    // A copy: the chunk's memory belongs to the stream, and a short line must not keep a long chunk alive.
    this.#pending.push(Buffer.from(rest));
    this.#pendingBytes += rest.length;
  }
}

function nextEnd(chunk: Buffer, from: number): number {
  const lineFeed = chunk.indexOf(newline, from);
  const end = lineFeed === -1 ? chunk.length : lineFeed;
  const within = chunk.subarray(from, end).indexOf(carriageReturn);
  return within === -1 ? lineFeed : from + within;
}

/** The largest cut at or before `at` that does not split a character; `at` itself where the bytes are no UTF-8. */
function characterBoundary(bytes: Buffer, at: number): number {
  for (let cut = at; cut > at - 4; cut -= 1) {
    if (((bytes[cut] ?? 0) & 0xc0) !== 0x80) return cut;
  }
  return at;
}
