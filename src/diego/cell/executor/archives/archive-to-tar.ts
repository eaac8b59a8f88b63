import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { zipToTar } from "#kernel/archive/zip-to-tar.ts";

/** An archive of the host (zip, tgz or tar, told by its content) as a tar stream. */
export async function archiveToTar(path: string): Promise<Readable> {
  const start = await firstBytes(path, 4);
  if (start.subarray(0, 2).toString("latin1") === "PK") return zipToTar(path, { links: "inside" });
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  if (start[0] !== 0x1f || start[1] !== 0x8b) return file;
  // The stream that is handed on carries the error of either.
  return pipeline(file, createGunzip({ chunkSize: 256 * 1024 }), () => undefined);
}

async function firstBytes(path: string, count: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
