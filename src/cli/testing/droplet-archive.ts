import { gzipSync } from "node:zlib";
import { Header, type HeaderData } from "tar";

export interface ArchivedFile {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly mode?: number;
  readonly linkTarget?: string;
}

/** A droplet.tgz of those files, names as they are, as the lifecycle packs one: each path below `./`. */
export function dropletArchive(files: readonly ArchivedFile[]): Buffer {
  const blocks = files.flatMap(({ path, content = "", mode = 0o644, linkTarget }) => {
    const bytes = Buffer.from(content);
    const link: HeaderData =
      linkTarget === undefined ? { type: "File" } : { type: "SymbolicLink", linkpath: linkTarget };
    const header = new Header({ path: `./${path}`, mode, size: bytes.length, ...link });
    const block = Buffer.alloc(512);
    header.encode(block);
    return [block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]), { level: 1 });
}

/** A Go binary as far as its build information goes, in front of it what a binary has. */
export function goBinary(modules: readonly string[]): Buffer {
  const sentinel = Buffer.alloc(16, "0");
  const info = Buffer.concat([sentinel, Buffer.from(`${modules.join("\n")}\n`), sentinel]);
  const string = (bytes: Buffer) => {
    const length = bytes.length;
    const head = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
    return Buffer.concat([Buffer.from(head), bytes]);
  };
  const head = Buffer.concat([Buffer.from("\u00ff Go buildinf:\u0008\u0002", "latin1")]);
  return Buffer.concat([
    Buffer.from("\u007fELF", "latin1"),
    Buffer.alloc(5_000, "code"),
    head,
    Buffer.alloc(32 - head.length),
    string(Buffer.from("go1.24.1")),
    string(info),
    Buffer.alloc(3_000, "data"),
  ]);
}
