import { hash } from "node:crypto";
import { createReadStream, lstatSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { Failure } from "../failure.ts";
import type { AppFile } from "./app-file.ts";
import { sha1OfFile } from "./hash-content.ts";
import type { ZipContent, ZipWriter } from "./zip-writer.ts";

/** Files up to this size are packed from memory; bigger ones are streamed, stored without compression. */
const inMemoryBytes = 32 * 1024 * 1024;

const folderType = 0o040000;
const fileType = 0o100000;
const linkType = 0o120000;

/** Packs those files of the folder. A file whose content is no longer what was hashed ends the push. */
export async function packageFolder(
  zip: ZipWriter,
  root: string,
  files: readonly AppFile[],
): Promise<void> {
  for (const file of files) {
    const full = path.join(root, file.path);
    const modified = lstatSync(full).mtime;
    const entry = { name: file.path, modified };
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
