import { UnsafeArchive } from "../container-runtime.ts";
import { type ArchiveEntry, EntryGuard } from "./safe-entry.ts";

const blockBytes = 512;
const metadataMax = 1024 * 1024;
/** Of the files of an archive: twice the largest disk that an app may have. A droplet may be a bomb. */
const contentMax = 4 * 1024 ** 3;
const endBlock = Buffer.alloc(blockBytes);
const noBytes = Buffer.alloc(0);

/** Attributes of the next entry that a preceding one carries: GNU's long names, and pax. */
interface Overrides {
  name?: string;
  linkTarget?: string;
  size?: number;
}

/** Reads a tar to its end, before anything of it is extracted, and counts what its files will take on disk. */
export class TarGuard {
  readonly #guard: EntryGuard;
  readonly #devices: "refuse" | "below-dev";
  /** Bytes that the files may take on disk. */
  readonly maximumBytes: number;
  #header: Buffer = noBytes;
  #skip = 0;
  #metadata: { readonly type: string; readonly size: number; data: Buffer } | undefined;
  #next: Overrides = {};
  #bytes = 0;

  constructor(options: {
    /** Where in a container the content will appear. */
    readonly below: string;
    /** Root file systems come with devices below `dev`, which their extractor leaves out. */
    readonly devices: "refuse" | "below-dev";
    /** Bytes that the files may take on disk; default 4 GiB. */
    readonly maximumBytes?: number;
  }) {
    this.#guard = new EntryGuard(options.below);
    this.#devices = options.devices;
    this.maximumBytes = options.maximumBytes ?? contentMax;
  }

  /** Bytes that the files take on disk, in blocks of 4 KiB. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes from here on that are content of a file: a reader need not show them. */
  get skippable(): number {
    return this.#metadata === undefined ? this.#skip : 0;
  }

  /** Goes on behind so many of the `skippable` bytes. */
  skip(bytes: number): void {
    this.#skip -= bytes;
  }

  /** @throws UnsafeArchive where the archive is not whole */
  end(): void {
    if (this.#skip > 0) throw new UnsafeArchive("Cannot unpack: it is cut short");
  }

  /**
   * The next bytes, however they are cut; they may be overwritten afterwards.
   * @throws UnsafeArchive for an entry that `EntryGuard` refuses
   */
  inspect(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, chunk.length - offset);
        this.#collect(chunk.subarray(offset, offset + count));
        this.#skip -= count;
        offset += count;
        if (this.#skip === 0) this.#finishMetadata();
        continue;
      }
      const count = Math.min(blockBytes - this.#header.length, chunk.length - offset);
      const piece = chunk.subarray(offset, offset + count);
      const header = this.#header.length === 0 ? piece : Buffer.concat([this.#header, piece]);
      offset += count;
      if (header.length === blockBytes) {
        this.#header = noBytes;
        this.#readHeader(header);
      } else {
        this.#header = Buffer.from(header);
      }
    }
  }

  #collect(data: Buffer): void {
    if (this.#metadata === undefined) return;
    this.#metadata.data = Buffer.concat([this.#metadata.data, data]);
  }

  #readHeader(header: Buffer): void {
    // Zeros end an archive.
    if (header.equals(endBlock)) return;
    if (!hasChecksum(header)) throw new UnsafeArchive("Cannot unpack: it is no tar archive");
    const type = String.fromCharCode(header[156] ?? 0);
    const size = this.#next.size ?? numberIn(header, 124, 12);
    this.#skip = Math.ceil(size / blockBytes) * blockBytes;
    if ("LKxg".includes(type)) {
      if (size > metadataMax) throw new UnsafeArchive("Cannot unpack: an entry's name is too long");
      this.#metadata = { type, size, data: Buffer.alloc(0) };
      if (this.#skip === 0) this.#finishMetadata();
      return;
    }
    const name = this.#next.name ?? nameIn(header);
    const linkTarget = this.#next.linkTarget ?? textIn(header, 157, 100);
    this.#next = {};
    if (this.#devices === "below-dev" && /^(\.\/)?dev\//.test(name) && "346".includes(type)) {
      this.#skip = 0;
      return;
    }
    const kind = kindOf(type, name);
    if (kind !== "file") this.#skip = 0;
    else this.#bytes += Math.ceil(size / 4096) * 4096;
    if (this.#bytes > this.maximumBytes) throw tooLarge(this.maximumBytes);
    this.#guard.check({ name, kind, linkTarget });
  }

  #finishMetadata(): void {
    const metadata = this.#metadata;
    if (metadata === undefined) return;
    this.#metadata = undefined;
    const data = metadata.data.subarray(0, metadata.size);
    const text = data.toString("latin1").replace(/\0.*$/s, "");
    if (metadata.type === "L") this.#override({ name: decode(text) });
    if (metadata.type === "K") this.#override({ linkTarget: decode(text) });
    if (metadata.type === "x") this.#override(paxOverrides(data));
    // One for all entries to come, as git writes it: a comment is fine, a name would be tar's and not ours.
    if (metadata.type === "g" && Object.keys(paxOverrides(data)).length > 0) {
      throw new UnsafeArchive("Cannot unpack: a global header names or sizes its entries");
    }
  }

  /** Of two names tar takes the one of pax, wherever it stands. */
  #override(overrides: Overrides): void {
    const known = Object.keys(this.#next);
    if (Object.keys(overrides).some((key) => known.includes(key))) {
      throw new UnsafeArchive("Cannot unpack: an entry has two names or sizes");
    }
    Object.assign(this.#next, overrides);
  }
}

export function tooLarge(maximumBytes: number): UnsafeArchive {
  const mebibytes = Math.floor(maximumBytes / 1024 ** 2);
  return new UnsafeArchive(`Cannot unpack: its files are more than ${mebibytes} MiB`);
}

function kindOf(type: string, name: string): ArchiveEntry["kind"] {
  switch (type) {
    case "0":
    case "\0":
    case "7":
      // The oldest tars mark a directory by its name alone.
      return name.endsWith("/") ? "directory" : "file";
    case "1":
      return "hardlink";
    case "2":
      return "symlink";
    case "5":
      return "directory";
    default:
      throw new UnsafeArchive(`Cannot unpack "${name}": a device or another special file`);
  }
}

function nameIn(header: Buffer): string {
  const name = textIn(header, 0, 100);
  const isPosix = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? textIn(header, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function textIn(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}

/**
 * Octal digits, or (GNU, a first byte of 0x80) a big-endian number. tar reads more forms than that, and goes on to look for a
 * header where it can read none: what stands in the content of a file for us would be an entry for it.
 */
function numberIn(header: Buffer, start: number, length: number): number {
  const field = header.subarray(start, start + length);
  if (field[0] === 0x80) {
    const value = Number(BigInt(`0x${field.toString("hex", 1)}`));
    if (Number.isSafeInteger(value)) return value;
  }
  const text = field.toString("latin1");
  // Nothing but NULs is zero to tar.
  if (/^\0+$/.test(text)) return 0;
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  if (digits === undefined) throw new UnsafeArchive("Cannot unpack: a size is no number");
  return Number.parseInt(digits, 8);
}

function hasChecksum(header: Buffer): boolean {
  let sum = 8 * 0x20;
  for (let at = 0; at < blockBytes; at += 1) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  const digits = /^ *([0-7]+)[ \0]*$/.exec(header.toString("latin1", 148, 156))?.[1];
  return digits !== undefined && sum === Number.parseInt(digits, 8);
}

/** Records `LENGTH KEY=VALUE\n`. What tar might read otherwise than we do is refused. */
function paxOverrides(data: Buffer): Overrides {
  const overrides: Overrides = {};
  let offset = 0;
  while (offset < data.length) {
    const blank = data.indexOf(0x20, offset);
    const digits = blank === -1 ? "" : data.toString("latin1", offset, blank);
    const end = offset + Number(digits);
    if (!/^\d{1,7}$/.test(digits) || end > data.length || data[end - 1] !== 0x0a) {
      throw new UnsafeArchive("Cannot unpack: an extended header is malformed");
    }
    const record = data.toString("utf8", blank + 1, end - 1);
    const [key = ""] = record.split("=", 1);
    const value = record.slice(key.length + 1);
    if (key === "path") overrides.name = value;
    if (key === "linkpath") overrides.linkTarget = value;
    if (key === "size") overrides.size = decimal(value);
    if (key.startsWith("GNU.sparse.")) {
      throw new UnsafeArchive("Cannot unpack: it holds a sparse file");
    }
    offset = end;
  }
  return overrides;
}

function decimal(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UnsafeArchive("Cannot unpack: a size is no number");
  return Number(text);
}

function decode(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}
