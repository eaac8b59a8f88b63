import { closeSync, openSync } from "node:fs";
import type { BlobInfo } from "#blobstore/blobstore.ts";
import { ReadAhead } from "./read-ahead.ts";
import { SequentialFile } from "./sequential-file.ts";
import type { VerifiedEntry } from "./zip-content.ts";

/** What of an upload goes into packs for the resource cache, and how large they get. */
export interface PacksRequest {
  /** `<prefix>0`, `<prefix>1` and so on are written. */
  readonly prefix: string;
  /** The contents to pack, by SHA-256. */
  readonly wanted: ReadonlySet<string>;
  /** A pack is closed before it grows beyond. */
  readonly packBytes: number;
  /** A file of so many compressed bytes gets a pack of its own. */
  readonly ownBytes: number;
}

export interface WrittenPack {
  readonly path: string;
  readonly content: BlobInfo;
  readonly files: readonly PackedFile[];
}

/** Where a content lies in its pack, compressed. */
export interface PackedFile {
  readonly sha256: string;
  readonly size: number;
  readonly method: number;
  readonly crc32: number;
  /** Of the compressed bytes. */
  readonly packedCrc32: number;
  readonly compressedSize: number;
  readonly offset: number;
}

/** Copies the compressed bytes of the wanted contents, each once, out of the upload. */
export function writePacks(
  entries: readonly VerifiedEntry[],
  upload: number,
  request: PacksRequest,
): WrittenPack[] {
  const wanted = new Set(request.wanted);
  const chosen = entries.filter(
    ({ entry, sha256 }) => entry.kind === "file" && wanted.delete(sha256),
  );
  const source = new ReadAhead(upload);
  return groupByPack(chosen, request).map((group, index) =>
    writePack(group, source, `${request.prefix}${index}`),
  );
}

function groupByPack(
  chosen: readonly VerifiedEntry[],
  { packBytes, ownBytes }: PacksRequest,
): readonly (readonly VerifiedEntry[])[] {
  const isOwn = ({ entry }: VerifiedEntry) => entry.compressedSize >= ownBytes;
  const groups: VerifiedEntry[][] = chosen.filter(isOwn).map((each) => [each]);
  let open: VerifiedEntry[] = [];
  let bytes = 0;
  for (const each of chosen) {
    if (isOwn(each)) continue;
    if (open.length === 0 || bytes + each.entry.compressedSize > packBytes) {
      open = [];
      bytes = 0;
      groups.push(open);
    }
    open.push(each);
    bytes += each.entry.compressedSize;
  }
  return groups;
}

function writePack(group: readonly VerifiedEntry[], upload: ReadAhead, path: string): WrittenPack {
  const fd = openSync(path, "wx");
  try {
    const out = new SequentialFile(fd);
    const files = group.map(({ entry, dataOffset, sha256, packedCrc32 }) => {
      const { size, method, crc32, compressedSize } = entry;
      const offset = out.position;
      out.copy({ file: upload, offset: dataOffset }, compressedSize);
      return { sha256, size, method, crc32, packedCrc32, compressedSize, offset };
    });
    return { path, content: out.finish(), files };
  } finally {
    closeSync(fd);
  }
}
