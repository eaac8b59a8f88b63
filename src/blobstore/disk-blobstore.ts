import type { Dirent, Stats } from "node:fs";
import { randomUUID } from "node:crypto";
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { safeSegments } from "./blob-path.ts";
import {
  BlobNotFound,
  type BlobInfo,
  type BlobKey,
  type BlobStat,
  type Blobstore,
  type KeyOfContent,
} from "./blobstore.ts";
import { Digests, digestsOf, verified } from "./digests.ts";
import { FreeSpace } from "./free-space.ts";
import { asFullWhereFull, isErrno } from "./full-disk.ts";

export interface DiskBlobstoreConfig {
  /** Made if it is missing. Buckets are its folders; `.incomplete` holds what is being written, `.checksums` what to check. */
  readonly directory: string;
  /** A write that would leave less free than this is refused with `BlobstoreFull`. */
  readonly minimumFreeBytes: number;
}

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
 *
 * Integrity: the SHA-256 of every blob is kept in a file of its own, with the inode and times of the blob that it is of, so
 * that it can be written before the blob takes its name. One that is missing, half-written or of another file (a crash, a
 * restored backup) says nothing, and the blob is read unchecked; `rivera blobs verify` checks it by its row. A blob that was
 * written over in its place is the same file: its time of birth stays, where the file system keeps one.
 */
export class DiskBlobstore implements Blobstore {
  readonly #config: DiskBlobstoreConfig;
  readonly #incomplete: string;
  readonly #space: FreeSpace;

  constructor(config: DiskBlobstoreConfig, incomplete: string) {
    this.#config = config;
    this.#incomplete = incomplete;
    this.#space = new FreeSpace(config.directory, config.minimumFreeBytes);
  }

  async put(key: BlobKey | KeyOfContent, content: Readable): Promise<BlobInfo> {
    if (typeof key !== "function") this.#pathOf(key);
    const temporary = path.join(this.#incomplete, randomUUID());
    try {
      const info = await this.#write(temporary, content);
      await this.#install(temporary, keyOf(key, info), info);
      return info;
    } catch (error) {
      content.destroy();
      await rm(temporary, { force: true });
      throw asFullWhereFull(error);
    }
  }

  async putFile(key: BlobKey | KeyOfContent, source: string, known?: BlobInfo): Promise<BlobInfo> {
    if (typeof key !== "function") this.#pathOf(key);
    const file = await open(source, "r+");
    let info: BlobInfo;
    try {
      info = known ?? (await digestsOf(source));
      await file.sync();
    } finally {
      await file.close();
    }
    try {
      await this.#install(source, keyOf(key, info), info);
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
    if (range !== undefined) return file.createReadStream({ start: range.start, end: range.end });
    const sha256 = await this.#checksumOf(key, file);
    const content = file.createReadStream();
    return sha256 === undefined ? content : verified(content, sha256, `${key.bucket}/${key.path}`);
  }

  async link(key: BlobKey, name: string): Promise<boolean> {
    try {
      await link(this.#pathOf(key), name);
      return true;
    } catch (error) {
      if (isErrno(error, "ENOENT")) throw notFound(key, error);
      // Another file system, or one without links.
      return false;
    }
  }

  async stat(key: BlobKey): Promise<BlobStat | undefined> {
    try {
      const { size, mtime } = await stat(this.#pathOf(key));
      return { size, storedAt: mtime };
    } catch (error) {
      if (isErrno(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  async delete(key: BlobKey): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
    await rm(this.#checksumPath(key), { force: true });
  }

  async *paths(prefix: { readonly bucket: BlobKey["bucket"]; readonly folder: string }) {
    const bucket = path.join(this.#config.directory, ...safeSegments(prefix.bucket));
    yield* filesBelow(path.join(bucket, ...safeSegments(prefix.folder)), bucket);
  }

  async deleteAll(prefix: {
    readonly bucket: BlobKey["bucket"];
    readonly folder: string;
  }): Promise<void> {
    const folder = { bucket: prefix.bucket, path: prefix.folder };
    await rm(this.#pathOf(folder), { recursive: true, force: true });
    await rm(this.#checksumPath(folder), { recursive: true, force: true });
  }

  async signedUrl(): Promise<undefined> {
    return undefined;
  }

  /** Throws where the key is none. */
  #pathOf(key: BlobKey): string {
    const { directory } = this.#config;
    return path.join(directory, ...safeSegments(key.bucket), ...safeSegments(key.path));
  }

  #checksumPath(key: BlobKey): string {
    return path.join(
      this.#config.directory,
      ".checksums",
      ...safeSegments(key.bucket),
      ...safeSegments(key.path),
    );
  }

  async #checksumOf(key: BlobKey, file: FileHandle): Promise<string | undefined> {
    const identity = identityOf(await file.stat());
    const text = await readFile(this.#checksumPath(key), "utf8").catch((error: unknown) => {
      if (isErrno(error, "ENOENT")) return "";
      throw error;
    });
    const [, sha256, ino, changed, born] =
      /^([0-9a-f]{64}) (\d+):(\d+)(?::(\d+))?\n$/.exec(text) ?? [];
    const isOfIt = changed === identity.changed || (born !== "0" && born === identity.born);
    return ino === identity.ino && isOfIt ? sha256 : undefined;
  }

  async #open(key: BlobKey): Promise<FileHandle> {
    try {
      return await open(this.#pathOf(key), "r");
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      throw notFound(key, error);
    }
  }

  async #write(target: string, content: Readable): Promise<BlobInfo> {
    const digests = new Digests();
    const file = await open(target, "wx");
    try {
      for await (const chunk of this.#space.watched(content)) {
        digests.update(chunk);
        await file.writeFile(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return digests.info();
  }

  async #install(temporary: string, key: BlobKey, info: BlobInfo): Promise<void> {
    const target = this.#pathOf(key);
    const folder = path.dirname(target);
    const { ino, changed, born } = identityOf(await stat(temporary));
    const checksum = this.#checksumPath(key);
    await mkdir(path.dirname(checksum), { recursive: true });
    await writeFile(checksum, `${info.sha256} ${ino}:${changed}:${born}\n`);
    const topmostNew = await mkdir(folder, { recursive: true });
    await rename(temporary, target);
    await syncFolders(folder, topmostNew === undefined ? folder : path.dirname(topmostNew));
  }
}

/** Times in milliseconds; `born` is 0, or the time of the last rename, where the file system keeps none. */
function identityOf({ ino, mtimeMs, birthtimeMs }: Stats) {
  return {
    ino: String(ino),
    changed: String(Math.round(mtimeMs)),
    born: String(Math.round(birthtimeMs)),
  };
}

function notFound(key: BlobKey, cause: unknown): BlobNotFound {
  return new BlobNotFound(`There is no blob "${key.path}" in ${key.bucket}`, { cause });
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

function keyOf(key: BlobKey | KeyOfContent, info: BlobInfo): BlobKey {
  return typeof key === "function" ? key(info) : key;
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
