const blockBytes = 512;

export interface TarEntry {
  readonly name: string;
  /** "0" file, "2" symbolic link, "5" directory. */
  readonly type: "0" | "2" | "5";
  readonly mode: number;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly modified: number;
  readonly linkTarget?: string;
}

/** The blocks before an entry's content; names longer than a header's fields go before it in GNU's form. */
export function tarHeader(entry: TarEntry): Buffer {
  const name = Buffer.from(entry.name);
  const target = Buffer.from(entry.linkTarget ?? "");
  return Buffer.concat([
    ...longField("L", name),
    ...longField("K", target),
    header(entry.type, {
      name,
      target,
      mode: entry.mode,
      size: entry.size,
      modified: entry.modified,
    }),
  ]);
}

/** What fills a content of `size` bytes up to whole blocks. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

export const tarTrailer: Buffer = Buffer.alloc(2 * blockBytes);

const fieldBytes = 100;

function longField(type: "L" | "K", value: Buffer): Buffer[] {
  if (value.length <= fieldBytes) return [];
  const content = Buffer.concat([value, Buffer.from("\0")]);
  return [
    header(type, {
      name: Buffer.from("././@LongLink"),
      target: Buffer.alloc(0),
      mode: 0,
      size: content.length,
      modified: 0,
    }),
    content,
    tarPadding(content.length),
  ];
}

function header(
  type: string,
  fields: {
    readonly name: Buffer;
    readonly target: Buffer;
    readonly mode: number;
    readonly size: number;
    readonly modified: number;
  },
): Buffer {
  const block = Buffer.alloc(blockBytes);
  fields.name.copy(block, 0, 0, fieldBytes);
  block.write(octal(fields.mode, 8), 100, "latin1");
  block.write(octal(0, 8), 108, "latin1");
  block.write(octal(0, 8), 116, "latin1");
  writeSize(block, fields.size);
  block.write(octal(fields.modified, 12), 136, "latin1");
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  fields.target.copy(block, 157, 0, fieldBytes);
  block.write("ustar  \0", 257, "latin1");
  let sum = 0;
  for (let at = 0; at < blockBytes; at += 1) sum += block[at] ?? 0;
  block.write(`${octal(sum, 7)} `, 148, "latin1");
  return block;
}

function octal(value: number, bytes: number): string {
  return `${value.toString(8).padStart(bytes - 1, "0")}\0`;
}

/** From 8 GiB on as a number with the first bit set. */
function writeSize(block: Buffer, size: number): void {
  if (size < 8 * 1024 ** 3) {
    block.write(octal(size, 12), 124, "latin1");
    return;
  }
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(size), 128);
}
