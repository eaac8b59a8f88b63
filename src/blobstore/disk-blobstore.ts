import type { Dirent } from "node:fs";
import { createHash, randomUUID, type Hash } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, statfs, type FileHandle } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import {
  BlobNotFound,
  BlobstoreFull,
  type BlobInfo,
  type BlobKey,
  type Blobstore,
  type KeyOfContent,
} from "./blobstore.ts";

export interface DiskBlobstoreConfig {
  /** Made if it is missing. Buckets are its folders; `.incomplete` holds what is being written. */
  readonly directory: string;
  /** A write that would leave less free than this is refused with `BlobstoreFull`. */
  readonly minimumFreeBytes: number;
}

/** How much is written between two looks at the free space. */
const freeSpaceStride = 64 * 1024 * 1024;

/**
 * Opens the store of one machine. What an earlier run left half-written is swept: such files never had a name in a
 * bucket, so nobody can have seen them.
 */
export async function openDiskBlobstore(config: DiskBlobstoreConfig): Promise<DiskBlobstore> {
  const incomplete = path.join(config.directory, ".incomplete");
  await mkdir(incomplete, { recursive: true });
  for (const name of await readdir(incomplete)) {
    await rm(path.join(incomplete, name), { recursive: true, force: true });
  }
  return new DiskBlobstore(config, incomplete);
}

/**
 * Durability: the content is written and synced under a temporary name, renamed to its key, and the folder synced,
 * in that order; only then does a write resolve. A crash at any point leaves the old blob, the new one, or none.
 */
export class DiskBlobstore implements Blobstore {
  readonly #config: DiskBlobstoreConfig;
  readonly #incomplete: string;

  constructor(config: DiskBlobstoreConfig, incomplete: string) {
    this.#config = config;
    this.#incomplete = incomplete;
  }

  async put(key: BlobKey | KeyOfContent, content: Readable): Promise<BlobInfo> {
    if (typeof key !== "function") this.#pathOf(key);
    const temporary = path.join(this.#incomplete, randomUUID());
    try {
      const info = await this.#write(temporary, content);
      await this.#install(temporary, this.#targetOf(key, info));
      return info;
    } catch (error) {
      content.destroy();
      await rm(temporary, { force: true });
      throw asFullWhereFull(error);
    }
  }

  async putFile(key: BlobKey | KeyOfContent, source: string): Promise<BlobInfo> {
    if (typeof key !== "function") this.#pathOf(key);
    const file = await open(source, "r+");
    let info: BlobInfo;
    try {
      const digests = new Digests();
      for await (const chunk of file.createReadStream({ autoClose: false })) digests.update(chunk);
      await file.sync();
      info = digests.info();
    } finally {
      await file.close();
    }
    try {
      await this.#install(source, this.#targetOf(key, info));
      return info;
    } catch (error) {
      if (!isErrno(error, "EXDEV")) throw asFullWhereFull(error);
    }
    const copy = await open(source, "r");
    const stored = await this.put(key, copy.createReadStream());
    await rm(source, { force: true });
    return stored;
  }

  async get(
    key: BlobKey,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Readable> {
    const file = await this.#open(key);
    return file.createReadStream(range === undefined ? {} : { start: range.start, end: range.end });
  }

  async stat(key: BlobKey): Promise<{ readonly size: number } | undefined> {
    try {
      const { size } = await stat(this.#pathOf(key));
      return { size };
    } catch (error) {
      if (isErrno(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  async delete(key: BlobKey): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  async *paths(prefix: { readonly bucket: string; readonly folder: string }) {
    const bucket = path.join(this.#config.directory, safeSegments(prefix.bucket));
    yield* filesBelow(path.join(bucket, safeSegments(prefix.folder)), bucket);
  }

  async deleteAll(prefix: { readonly bucket: string; readonly folder: string }): Promise<void> {
    const folder = path.join(
      this.#config.directory,
      safeSegments(prefix.bucket),
      safeSegments(prefix.folder),
    );
    await rm(folder, { recursive: true, force: true });
  }

  #targetOf(key: BlobKey | KeyOfContent, info: BlobInfo): string {
    return this.#pathOf(typeof key === "function" ? key(info) : key);
  }

  /** Throws where the key is none. */
  #pathOf(key: BlobKey): string {
    return path.join(this.#config.directory, safeSegments(key.bucket), safeSegments(key.path));
  }

  async #open(key: BlobKey): Promise<FileHandle> {
    try {
      return await open(this.#pathOf(key), "r");
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      throw new BlobNotFound(`There is no blob "${key.path}" in ${key.bucket}`, { cause: error });
    }
  }

  async #write(target: string, content: Readable): Promise<BlobInfo> {
    await this.#requireFreeSpace();
    const digests = new Digests();
    const file = await open(target, "wx");
    try {
      let unchecked = 0;
      for await (const piece of content) {
        const chunk: Buffer = Buffer.isBuffer(piece) ? piece : Buffer.from(piece);
        digests.update(chunk);
        await file.writeFile(chunk);
        unchecked += chunk.length;
        if (unchecked < freeSpaceStride) continue;
        unchecked = 0;
        await this.#requireFreeSpace();
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return digests.info();
  }

  async #install(temporary: string, target: string): Promise<void> {
    const folder = path.dirname(target);
    const topmostNew = await mkdir(folder, { recursive: true });
    await rename(temporary, target);
    await syncFolders(folder, topmostNew === undefined ? folder : path.dirname(topmostNew));
  }

  async #requireFreeSpace(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#config.directory);
    if (bavail * bsize >= this.#config.minimumFreeBytes) return;
    const mebibytes = (bytes: number) => Math.floor(bytes / 1024 ** 2);
    throw new BlobstoreFull(
      `No space left for blobs: ${mebibytes(bavail * bsize)} MiB are free on the disk of ` +
        `"${this.#config.directory}", ${mebibytes(this.#config.minimumFreeBytes)} MiB are kept; free some`,
    );
  }
}

/** The files below a folder, with their paths from `top`; a folder that goes meanwhile has none. */
async function* filesBelow(folder: string, top: string): AsyncGenerator<string> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  for (const entry of entries) {
    const found = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(found, top);
    else yield path.relative(top, found);
  }
}

class Digests {
  readonly #sha1: Hash = createHash("sha1");
  readonly #sha256: Hash = createHash("sha256");
  #size = 0;

  update(chunk: Buffer): void {
    this.#sha1.update(chunk);
    this.#sha256.update(chunk);
    this.#size += chunk.length;
  }

  info(): BlobInfo {
    return {
      size: this.#size,
      sha1: this.#sha1.digest("hex"),
      sha256: this.#sha256.digest("hex"),
    };
  }
}

/** The key as a relative path, or a throw where a segment could name anything but a file of the store. */
function safeSegments(key: string): string {
  const segments = key.split("/");
  const safe = segments.every((segment) => /^(?!\.)[A-Za-z0-9._~%+-]{1,255}$/.test(segment));
  if (!safe) throw new Error(`"${key}" is no key of a blob`);
  return path.join(...segments);
}

/** Syncs the folder and those above it, up to and with `top`: a rename is durable once its folder is. */
async function syncFolders(folder: string, top: string): Promise<void> {
  for (let current = folder; ; current = path.dirname(current)) {
    const handle = await open(current, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (current === top || current === path.dirname(current)) return;
  }
}

function asFullWhereFull(error: unknown): unknown {
  if (!isErrno(error, "ENOSPC") && !isErrno(error, "EDQUOT")) return error;
  return new BlobstoreFull("No space left for blobs: the disk is full", { cause: error });
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
