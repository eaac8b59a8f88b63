import { hash } from "node:crypto";
import { createReadStream, lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { cannotRead, Failure } from "../failure.ts";
import type { AppFile } from "./app-file.ts";
import { sha1OfFile } from "./hash-content.ts";
import {
  ContentChanged,
  deflatedWhereSmaller,
  storedBytes,
  type ZipContent,
  type ZipWriter,
} from "./zip-writer.ts";

/** Files up to this size are packed from memory; bigger ones are streamed, stored without compression. */
const inMemoryBytes = 32 * 1024 * 1024;

const folderType = 0o040000;
const fileType = 0o100000;
const linkType = 0o120000;

/** Of files that are being deflated while earlier ones are written, beside the last of them. */
const aheadBytes = 16 * 1024 * 1024;
const aheadFiles = 64;

/**
 * Packs those files of the folder, in their order. A file that is gone or whose content is no longer what was hashed ends the
 * push. Large files are deflated in threads, several at once.
 */
export async function packageFolder(
  zip: ZipWriter,
  root: string,
  files: readonly AppFile[],
): Promise<void> {
  const ahead: { readonly size: number; write(): Promise<void> }[] = [];
  let bytes = 0;
  const writeFirst = async (): Promise<void> => {
    const first = ahead.shift();
    bytes -= first?.size ?? 0;
    await first?.write();
  };
  for (const file of files) {
    const write = begin(zip, file, path.join(root, file.path));
    ahead.push({ size: file.size, write });
    bytes += file.size;
    while (ahead.length > aheadFiles || bytes > aheadBytes) await writeFirst();
  }
  while (ahead.length > 0) await writeFirst();
}

/** Begins with what takes long; the returned function adds the file to the zip. */
function begin(zip: ZipWriter, file: AppFile, full: string): () => Promise<void> {
  const explained = (error: unknown): unknown => {
    if (error instanceof ContentChanged) return changed(full);
    return isAbout(error, full) ? cannotRead(error) : error;
  };
  try {
    const write = packageFile(zip, file, full);
    return () =>
      write().catch((error: unknown) => {
        throw explained(error);
      });
  } catch (error) {
    throw explained(error);
  }
}

/** Told from what may be wrong with the zip's own file. */
function isAbout(error: unknown, file: string): boolean {
  return error instanceof Error && "path" in error && error.path === file;
}

function packageFile(zip: ZipWriter, file: AppFile, full: string): () => Promise<void> {
  const stats = lstatSync(full);
  if (kindOf(stats) !== file.kind) throw changed(full);
  const entry = { name: file.path, modified: stats.mtime };
  if (file.kind === "folder") {
    const folder = { ...entry, name: `${file.path}/`, mode: folderType | file.mode };
    return () => zip.add(folder, storedBytes(Buffer.alloc(0)));
  }
  if (file.kind === "link") {
    const target = Buffer.from(readlinkSync(full));
    return () => zip.add({ ...entry, mode: linkType | 0o777 }, storedBytes(target));
  }
  const mode = fileType | file.mode;
  if (file.size > inMemoryBytes) {
    return async () => {
      if (sha1OfFile(full, file.size) !== file.sha1) throw changed(full);
      await zip.add({ ...entry, mode }, await storedContent(full, file.size));
    };
  }
  const content = readFileSync(full);
  if (hash("sha1", content) !== file.sha1) throw changed(full);
  const deflated = deflatedWhereSmaller(content);
  // Of files that come after one that ends the push nobody asks any more.
  deflated.catch(() => undefined);
  return async () => await zip.add({ ...entry, mode }, await deflated);
}

function kindOf(stats: Stats): AppFile["kind"] {
  if (stats.isDirectory()) return "folder";
  return stats.isSymbolicLink() ? "link" : "file";
}

async function storedContent(full: string, size: number): Promise<ZipContent> {
  let crc = 0;
  for await (const chunk of bytesOf(full)) crc = crc32(chunk, crc);
  return { method: "stored", crc, size, compressedSize: size, bytes: bytesOf(full) };
}

function bytesOf(full: string): AsyncIterable<Buffer> {
  return Readable.from(createReadStream(full, { highWaterMark: 1024 * 1024 }));
}

function changed(file: string): Failure {
  return new Failure(
    `Aborting push: File ${file} has been modified since the start of push. Validate the correct state of the file and try again.`,
  );
}
