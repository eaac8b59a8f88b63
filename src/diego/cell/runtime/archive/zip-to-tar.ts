import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { UnsafeArchive } from "../container-runtime.ts";
import { tarHeader, tarPadding, tarTrailer } from "./tar-header.ts";

const fileTypeMask = 0o170000;
const symlinkType = 0o120000;
const fileType = 0o100000;
const linkTargetMax = 4095;

/**
 * A zip as a tar: one extractor and one guard for both, and the names that are checked are the names that are used
 * (a zip has two of each). Sizes that lie end it with an error.
 */
export function zipToTar(file: string): Readable {
  return Readable.from(tarOf(file), { objectMode: false });
}

async function* tarOf(file: string): AsyncGenerator<Buffer> {
  let zip: ZipFile;
  try {
    zip = await openPromise(file, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw new UnsafeArchive("Cannot unpack: it is no zip archive", { cause: error });
  }
  try {
    for await (const entry of zip.eachEntry()) yield* tarEntry(zip, entry);
    yield tarTrailer;
  } catch (error) {
    if (error instanceof UnsafeArchive) throw error;
    throw new UnsafeArchive(`Cannot unpack: ${messageOf(error)}`, { cause: error });
  } finally {
    zip.close();
  }
}

async function* tarEntry(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  const name = entry.fileName;
  if (entry.isEncrypted()) throw new UnsafeArchive(`Cannot unpack "${name}": it is encrypted`);
  const mode = entry.externalFileAttributes >>> 16;
  const modified = Math.max(0, Math.floor(entry.getLastModDate().getTime() / 1000));
  if (name.endsWith("/")) {
    yield tarHeader({ name, type: "5", mode: (mode & 0o777) | 0o700, size: 0, modified });
    return;
  }
  const size = entry.uncompressedSize;
  if ((mode & fileTypeMask) === symlinkType) {
    if (size > linkTargetMax)
      throw new UnsafeArchive(`Cannot unpack "${name}": its link target is too long`);
    const target = await text(await contentOf(zip, entry));
    yield tarHeader({ name, type: "2", mode: 0o777, size: 0, modified, linkTarget: target });
    return;
  }
  const type = mode & fileTypeMask;
  if (type !== 0 && type !== fileType) {
    throw new UnsafeArchive(`Cannot unpack "${name}": a device or another special file`);
  }
  // No mode at all: made where there are none.
  yield tarHeader({ name, type: "0", mode: mode === 0 ? 0o644 : mode & 0o777, size, modified });
  if (size > 0) yield* await contentOf(zip, entry);
  yield tarPadding(size);
}

async function contentOf(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) =>
      error === null ? resolve(stream) : reject(error),
    );
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
