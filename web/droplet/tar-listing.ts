/** What a tar archive says of one of its files. */
export interface ListedFile {
  /** Without `./` in front. */
  readonly path: string;
  readonly bytes: number;
  /** Of a link: where it leads. */
  readonly target: string | undefined;
}

const blockBytes = 512;
/** Of a name that is too long for a header. */
const longNameBytes = 1024 * 1024;

/**
 * The files and links of an archive as it comes, in its order: in ustar's form, with the long names of GNU tar and of pax.
 *
 * @throws where it is no archive, or is cut off
 */
export async function* listTar(archive: ReadableStream<Uint8Array>): AsyncGenerator<ListedFile> {
  const bytes = new ByteReader(archive.getReader());
  let named: { path?: string; target?: string; bytes?: number } = {};
  for (;;) {
    const header = await bytes.take(blockBytes);
    if (header.every((byte) => byte === 0)) return;
    requireHeader(header);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = numberIn(header, 124, 12);
    if ("xgLK".includes(type)) {
      if (size > longNameBytes) throw new Error("A name in the archive is too long");
      const content = await bytes.take(size);
      await bytes.skip(paddingOf(size));
      if (type === "x") named = { ...named, ...paxNames(content) };
      if (type === "L") named = { ...named, path: textIn(content, 0, size) };
      if (type === "K") named = { ...named, target: textIn(content, 0, size) };
      continue;
    }
    const length = named.bytes ?? size;
    const path = (named.path ?? nameIn(header)).replace(/^(?:\.\/)+/, "");
    const isLink = type === "1" || type === "2";
    const target = isLink ? (named.target ?? textIn(header, 157, 100)) : undefined;
    if (isLink || type === "0" || type === "\0" || type === "7") {
      yield { path, bytes: isLink ? 0 : length, target };
    }
    named = {};
    if (!isLink) await bytes.skip(length + paddingOf(length));
  }
}

function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

/** The sum of a header's bytes stands in it, with spaces in its own place. */
function requireHeader(header: Uint8Array): void {
  const isSum = (_: number, at: number) => at >= 148 && at < 156;
  const sum = header.reduce((all, byte, at) => all + (isSum(byte, at) ? 32 : byte), 0);
  if (sum !== numberIn(header, 148, 8))
    throw new Error("This is no archive of a form that is known");
}

/** Octal digits, or where those do not suffice GNU's form: the number itself behind a set bit. */
function numberIn(block: Uint8Array, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  const [first = 0] = field;
  if (first < 128) return Number.parseInt(textIn(block, at, length).trim() || "0", 8);
  return field.reduce((all, byte, index) => all * 256 + (index === 0 ? byte & 127 : byte), 0);
}

function nameIn(header: Uint8Array): string {
  const isUstar = textIn(header, 257, 6) === "ustar";
  const prefix = isUstar ? textIn(header, 345, 155) : "";
  const name = textIn(header, 0, 100);
  return prefix === "" ? name : `${prefix}/${name}`;
}

const decoder = new TextDecoder();

function textIn(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

/** Records of the form `LENGTH KEY=VALUE\n`. */
function paxNames(content: Uint8Array): { path?: string; target?: string; bytes?: number } {
  const names: { path?: string; target?: string; bytes?: number } = {};
  for (let at = 0; at < content.length;) {
    const length = Number.parseInt(decoder.decode(content.subarray(at, at + 12)), 10);
    if (!(length > 0)) return names;
    const record = decoder.decode(content.subarray(at, at + length - 1));
    const [, key, value = ""] = /^\d+ ([^=]+)=([\s\S]*)$/.exec(record) ?? [];
    if (key === "path") names.path = value;
    if (key === "linkpath") names.target = value;
    if (key === "size") names.bytes = Number(value);
    at += length;
  }
  return names;
}

class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  async take(count: number): Promise<Uint8Array> {
    const taken = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const part = await this.#next(count - filled);
      taken.set(part, filled);
      filled += part.length;
    }
    return taken;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) left -= (await this.#next(left)).length;
  }

  /** Some bytes, at least one. */
  async #next(most: number): Promise<Uint8Array> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error("The archive is cut off");
      this.#chunk = value;
    }
    const part = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }
}
