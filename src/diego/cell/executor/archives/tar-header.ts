const blockBytes = 512;

export interface TarEntry {
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  /** Permission bits. */
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Of a file. */
  readonly size: number;
  /** Of a symbolic link. */
  readonly target?: string;
}

/** The header blocks of an entry: ustar, with a pax header before it where a name or the size is too big for ustar. */
export function tarHeader(entry: TarEntry): Buffer {
  const records: string[] = [];
  if (Buffer.byteLength(entry.path) > 100) records.push(paxRecord("path", entry.path));
  if (entry.target !== undefined && Buffer.byteLength(entry.target) > 100) {
    records.push(paxRecord("linkpath", entry.target));
  }
  if (entry.size > 0o77777777777) records.push(paxRecord("size", String(entry.size)));
  const header = ustarHeader(entry, typeFlags[entry.kind]);
  if (records.length === 0) return header;
  const body = Buffer.from(records.join(""));
  const pax = { path: "pax", kind: "file", mode: 0o644, mtime: 0, size: body.length } as const;
  return Buffer.concat([ustarHeader(pax, "x"), body, tarPadding(body.length), header]);
}

/** Zeros up to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

export const tarEnd = Buffer.alloc(2 * blockBytes);

const typeFlags = { file: "0", directory: "5", symlink: "2" } as const;

function ustarHeader(entry: TarEntry, typeFlag: string): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(entry.path, 0, 100);
  header.write(octal(entry.mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(Math.min(entry.size, 0o77777777777), 12), 124);
  header.write(octal(entry.mtime, 12), 136);
  header.write("        ", 148);
  header.write(typeFlag, 156);
  header.write(entry.target ?? "", 157, 100);
  header.write("ustar\x0000", 257);
  // A plain loop: `reduce` over the bytes took longer than to inflate a small file.
  let checksum = 0;
  for (let at = 0; at < blockBytes; at += 1) checksum += header[at] ?? 0;
  header.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const restBytes = Buffer.byteLength(rest);
  let length = restBytes + String(restBytes).length;
  if (restBytes + String(length).length > length) length += 1;
  return `${length}${rest}`;
}
