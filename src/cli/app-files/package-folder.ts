import { hash } from "node:crypto";
import { createReadStream, lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { cannotRead, Failure } from "../failure.ts";
import type { AppFile } from "./app-file.ts";
import { sha1OfFile } from "./hash-content.ts";
import { ContentChanged, type ZipContent, type ZipWriter } from "./zip-writer.ts";

/** Files up to this size are packed from memory; bigger ones are streamed, stored without compression. */
const inMemoryBytes = 32 * 1024 * 1024;

const folderType = 0o040000;
const fileType = 0o100000;
const linkType = 0o120000;

/** Packs those files of the folder. A file that is gone or whose content is no longer what was hashed ends the push. */
export async function packageFolder(
  zip: ZipWriter,
  root: string,
  files: readonly AppFile[],
): Promise<void> {
  for (const file of files) {
    const full = path.join(root, file.path);
    try {
      await packageFile(zip, file, full);
    } catch (error) {
      if (error instanceof ContentChanged) throw changed(full);
      throw isAbout(error, full) ? cannotRead(error) : error;
    }
  }
}

/** Told from what may be wrong with the zip's own file. */
function isAbout(error: unknown, file: string): boolean {
  return error instanceof Error && "path" in error && error.path === file;
}

async function packageFile(zip: ZipWriter, file: AppFile, full: string): Promise<void> {
  const stats = lstatSync(full);
  if (kindOf(stats) !== file.kind) throw changed(full);
  const entry = { name: file.path, modified: stats.mtime };
  if (file.kind === "folder") {
    const name = `${file.path}/`;
    await zip.addBuffer({ ...entry, name, mode: folderType | file.mode }, Buffer.alloc(0));
  } else if (file.kind === "link") {
    await zip.addBuffer({ ...entry, mode: linkType | 0o777 }, Buffer.from(readlinkSync(full)));
  } else if (file.size <= inMemoryBytes) {
    const content = readFileSync(full);
    if (hash("sha1", content) !== file.sha1) throw changed(full);
    await zip.addBuffer({ ...entry, mode: fileType | file.mode }, content);
  } else {
    if (sha1OfFile(full, file.size) !== file.sha1) throw changed(full);
    await zip.add({ ...entry, mode: fileType | file.mode }, await storedContent(full, file.size));
  }
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
