import type { Readable } from "node:stream";

/**
 * Blobs by key within a bucket. A write is there whole or not at all, and once acknowledged survives a crash.
 * Buckets and keys are those of Cloud Controller: `cc-packages`/<package guid>, `cc-droplets`/<guid>/<sha1>,
 * `cc-buildpacks`/<guid>_<sha256>, `cc-resources`/app_bits_cache/ab/cd/<sha1>, buildpack_cache/<app guid>/<stack>.
 */
export interface Blobstore {
  /** Stores what the stream gives; resolves once it is durable. Replaces an older blob of that key. */
  put(key: BlobKey | KeyOfContent, content: Readable): Promise<BlobInfo>;
  /**
   * Takes a file of the host into the store (a rename where the file system allows); `path` is gone afterwards. Whoever has
   * just written it knows its checksums, and spares the store to read it.
   */
  putFile(key: BlobKey | KeyOfContent, path: string, known?: BlobInfo): Promise<BlobInfo>;
  /**
   * `start` and `end` are offsets of bytes, both included (as in HTTP). What is read whole is checked against the
   * SHA-256 that was stored with it; the stream of a corrupt blob fails with `BlobCorrupt` before its last chunk.
   *
   * @throws `BlobNotFound`
   */
  get(key: BlobKey, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
  /**
   * Gives the blob a second name, `path`, for a reader of this machine, who must not write to it; false where the store or the
   * file system cannot. Not checked: the reader has a checksum, or `get`.
   *
   * @throws `BlobNotFound`
   */
  link(key: BlobKey, path: string): Promise<boolean>;
  /** Undefined where there is none. */
  stat(key: BlobKey): Promise<BlobStat | undefined>;
  /** No error where there is none. */
  delete(key: BlobKey): Promise<void>;
  /** The paths of every blob below that folder, in no order, one after the other. */
  paths(prefix: {
    readonly bucket: BlobKey["bucket"];
    readonly folder: string;
  }): AsyncIterable<string>;
  /** Deletes every blob whose path begins with that folder. */
  deleteAll(prefix: { readonly bucket: BlobKey["bucket"]; readonly folder: string }): Promise<void>;
  /** Where a cell can fetch the blob from the store itself for an hour; undefined where it cannot, or shall not. */
  signedUrl(key: BlobKey): Promise<string | undefined>;
}

export interface BlobKey {
  readonly bucket: "cc-packages" | "cc-droplets" | "cc-buildpacks" | "cc-resources";
  /** Relative, `/` as separator, no `..`. */
  readonly path: string;
}

export interface BlobStat {
  /** Bytes. */
  readonly size: number;
  /** When its content was written. */
  readonly storedAt: Date;
}

/** Names a blob once its checksums are known: a droplet's key ends in its SHA-1. */
export type KeyOfContent = (info: BlobInfo) => BlobKey;

export interface BlobInfo {
  readonly size: number;
  /** Hex. */
  readonly sha1: string;
  readonly sha256: string;
}

export class BlobNotFound extends Error {
  override readonly name = "BlobNotFound";
}

/** No space left: the one fault with a mend that a person can apply. */
export class BlobstoreFull extends Error {
  override readonly name = "BlobstoreFull";
}

/** What is stored is not what was written: the disk, or somebody, has changed it. */
export class BlobCorrupt extends Error {
  override readonly name = "BlobCorrupt";
}

/** The store did not answer as it should, after every retry. */
export class BlobstoreUnavailable extends Error {
  override readonly name = "BlobstoreUnavailable";
}
