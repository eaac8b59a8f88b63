/** What stands at the beginning of a Go binary's build information, at a multiple of 16 bytes. */
const magic = Buffer.from("\u00ff Go buildinf:", "latin1");
const headBytes = 32;
const mostInfoBytes = 1024 * 1024;
const elf = Buffer.from("\u007fELF", "latin1");
/** Bytes around the list of modules, by which a debugger finds it in a running process. */
const sentinelBytes = 16;

export interface GoBuildInfo {
  readonly goVersion: string;
  readonly modules: string;
}

/**
 * Looks for the build information of Go 1.18 and later in a binary that passes by in pieces, and holds no more of it than that.
 */
export class GoBuildInfoScan {
  #held: Buffer = Buffer.alloc(0);
  /** `none` where it is no ELF file, or what looked like the information was none. */
  #state: "start" | "search" | "collect" | "none" = "start";

  push(chunk: Buffer): void {
    if (this.#state === "none") return;
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (this.#state === "start" && this.#held.length >= elf.length) {
      this.#state = this.#held.subarray(0, elf.length).equals(elf) ? "search" : "none";
    }
    if (this.#state === "search") this.#search();
    if (this.#state === "none") this.#held = Buffer.alloc(0);
    if (this.#state === "collect") this.#held = this.#held.subarray(0, mostInfoBytes);
  }

  /** What was found, once the whole binary has passed. */
  result(): GoBuildInfo | undefined {
    if (this.#state !== "collect") return undefined;
    const goVersion = stringAt(this.#held, headBytes);
    const modules = goVersion === undefined ? undefined : stringAt(this.#held, goVersion.end);
    if (goVersion === undefined || modules === undefined) return undefined;
    const inside = modules.bytes.subarray(sentinelBytes, -sentinelBytes);
    return { goVersion: goVersion.bytes.toString("utf8"), modules: inside.toString("utf8") };
  }

  /** The magic also stands in programs that look for it, the Go tools themselves: there the head that follows is none. */
  #search(): void {
    let at = this.#held.indexOf(magic);
    while (at !== -1) {
      const candidate = this.#held.subarray(at);
      // The head has not passed whole.
      if (candidate.length < headBytes) break;
      const hasInlineStrings = ((candidate[magic.length + 1] ?? 0) & 2) !== 0;
      const pointerBytes = candidate[magic.length] ?? 0;
      if (hasInlineStrings && pointerBytes <= 8) {
        this.#held = Buffer.from(candidate);
        this.#state = "collect";
        return;
      }
      at = this.#held.indexOf(magic, at + 1);
    }
    const keep = at === -1 ? magic.length : this.#held.length - at;
    this.#held = Buffer.from(this.#held.subarray(Math.max(0, this.#held.length - keep)));
  }
}

/** A string after its length, which stands in groups of seven bits, the lowest first. */
function stringAt(bytes: Buffer, start: number): { bytes: Buffer; end: number } | undefined {
  let length = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      const begin = start + index + 1;
      const end = begin + length;
      return end > bytes.length ? undefined : { bytes: bytes.subarray(begin, end), end };
    }
  }
  return undefined;
}
