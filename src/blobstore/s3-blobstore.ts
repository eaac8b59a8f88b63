import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type GetObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { safeSegments } from "./blob-path.ts";
import {
  BlobNotFound,
  BlobstoreUnavailable,
  type BlobInfo,
  type BlobKey,
  type BlobStat,
  type Blobstore,
  type KeyOfContent,
} from "./blobstore.ts";
import { Digests, digestsOf, verified } from "./digests.ts";
import { FreeSpace } from "./free-space.ts";
import { asFullWhereFull } from "./full-disk.ts";
import type { S3Location } from "./s3-location.ts";

export interface S3BlobstoreConfig {
  readonly location: S3Location;
  /** Local folder where content waits until it is sent; made if it is missing, swept at the start. */
  readonly spoolDirectory: string;
  /** Undefined: as the AWS SDK finds them, in variables, `~/.aws`, or the role of the machine. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** A write that would leave less free than this on the disk of that folder is refused with `BlobstoreFull`; default 0. */
  readonly minimumFreeBytes?: number;
  /** How often one request is sent in all; 4 as in Cloud Controller, which retries three times. */
  readonly attempts?: number;
  /** Life of a signed URL; 3600 as in Cloud Controller. */
  readonly signedUrlSeconds?: number;
}

/** S3 asks for 5 MiB at least, and for 10,000 parts at most: room for 80 GiB, with two parts in memory. */
const partBytes = 8 * 1024 * 1024;
const partsAtOnce = 2;
const deletesAtOnce = 16;

/** @throws `BlobstoreUnavailable` where the bucket cannot be reached: better at the start than at the first push. */
export async function openS3Blobstore(config: S3BlobstoreConfig): Promise<S3Blobstore> {
  await mkdir(config.spoolDirectory, { recursive: true });
  for (const name of await readdir(config.spoolDirectory)) {
    await rm(path.join(config.spoolDirectory, name), { recursive: true, force: true });
  }
  const store = new S3Blobstore(config);
  try {
    await store.requireBucket();
    return store;
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}

/**
 * All buckets of ours are folders of one bucket there. Content is spooled to a local file first: so its checksums, and a
 * key made of them, are known before anything is sent, and every part can be sent again. The store shows an object once
 * all its parts are there, so a write is there whole or not at all here too. The SHA-256 is kept in the object's metadata
 * and checked when it is read.
 */
export class S3Blobstore implements Blobstore, Disposable {
  readonly #config: S3BlobstoreConfig;
  readonly #client: S3Client;
  readonly #space: FreeSpace;

  constructor(config: S3BlobstoreConfig) {
    const { location, credentials } = config;
    this.#config = config;
    this.#space = new FreeSpace(config.spoolDirectory, config.minimumFreeBytes ?? 0);
    this.#client = new S3Client({
      region: location.region,
      forcePathStyle: location.pathStyle,
      maxAttempts: config.attempts ?? 4,
      // Not every store knows the newer checksums; ours are in the metadata.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: {
        connectionTimeout: 5_000,
        requestTimeout: 60_000,
        throwOnRequestTimeout: true,
      },
      ...(location.endpoint === undefined ? {} : { endpoint: location.endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
    });
  }

  async requireBucket(): Promise<void> {
    const { bucket } = this.#config.location;
    const what = `Cannot use the bucket "${bucket}"`;
    try {
      await this.#ask(what, () => this.#client.send(new HeadBucketCommand({ Bucket: bucket })));
    } catch (error) {
      if (!(error instanceof BlobNotFound)) throw error;
      throw new BlobstoreUnavailable(`${what}: there is none`, { cause: error });
    }
  }

  async put(key: BlobKey | KeyOfContent, content: Readable): Promise<BlobInfo> {
    if (typeof key !== "function") this.#nameOf(key);
    const spooled = path.join(this.#config.spoolDirectory, randomUUID());
    try {
      const digests = new Digests();
      const space = this.#space;
      await pipeline(
        content,
        async function* (chunks: AsyncIterable<Buffer | string>) {
          for await (const chunk of space.watched(chunks)) {
            digests.update(chunk);
            yield chunk;
          }
        },
        createWriteStream(spooled, { flags: "wx", mode: 0o600 }),
      );
      return await this.#send(key, spooled, digests.info());
    } catch (error) {
      content.destroy();
      throw asFullWhereFull(error);
    } finally {
      await rm(spooled, { force: true });
    }
  }

  async putFile(key: BlobKey | KeyOfContent, source: string, known?: BlobInfo): Promise<BlobInfo> {
    if (typeof key !== "function") this.#nameOf(key);
    const info = await this.#send(key, source, known ?? (await digestsOf(source)));
    await rm(source, { force: true });
    return info;
  }

  async get(
    key: BlobKey,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Readable> {
    const answer = await this.#getObject(key, range);
    if (!(answer.Body instanceof Readable)) throw new Error("The S3 client gave no stream");
    const sha256 = answer.Metadata?.["sha256"];
    if (range !== undefined || sha256 === undefined) return answer.Body;
    return verified(answer.Body, sha256, `${key.bucket}/${key.path}`);
  }

  async link(): Promise<boolean> {
    return false;
  }

  async stat(key: BlobKey): Promise<BlobStat | undefined> {
    const command = new HeadObjectCommand(this.#objectOf(key));
    try {
      const answer = await this.#ask(`Cannot look for "${key.path}"`, () =>
        this.#client.send(command),
      );
      const { ContentLength: size, LastModified: storedAt } = answer;
      if (size === undefined || storedAt === undefined) {
        throw new BlobstoreUnavailable(`The store tells no size or time of "${key.path}"`);
      }
      return { size, storedAt };
    } catch (error) {
      if (error instanceof BlobNotFound) return undefined;
      throw error;
    }
  }

  async delete(key: BlobKey): Promise<void> {
    await this.#deleteObject(this.#nameOf(key));
  }

  async *paths(prefix: { readonly bucket: BlobKey["bucket"]; readonly folder: string }) {
    const top = this.#nameOf({ bucket: prefix.bucket, path: "x" }).length - 1;
    for await (const name of this.#namesBelow(prefix)) yield name.slice(top);
  }

  /** One request a blob: not every store can delete several at once, and there are few in a folder. */
  async deleteAll(prefix: {
    readonly bucket: BlobKey["bucket"];
    readonly folder: string;
  }): Promise<void> {
    let batch: string[] = [];
    const flush = async () => {
      await Promise.all(batch.map((name) => this.#deleteObject(name)));
      batch = [];
    };
    for await (const name of this.#namesBelow(prefix)) {
      batch.push(name);
      if (batch.length === deletesAtOnce) await flush();
    }
    await flush();
  }

  async signedUrl(key: BlobKey): Promise<string | undefined> {
    if (!this.#config.location.signedUrls) return undefined;
    const command = new GetObjectCommand(this.#objectOf(key));
    const expiresIn = this.#config.signedUrlSeconds ?? 3_600;
    return await this.#ask(`Cannot sign a URL for "${key.path}"`, () =>
      getSignedUrl(this.#client, command, { expiresIn }),
    );
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  async #send(key: BlobKey | KeyOfContent, file: string, info: BlobInfo): Promise<BlobInfo> {
    const named = typeof key === "function" ? key(info) : key;
    const upload = new Upload({
      client: this.#client,
      params: {
        ...this.#objectOf(named),
        Body: createReadStream(file, { highWaterMark: 1024 * 1024 }),
        ContentType: "application/octet-stream",
        Metadata: { sha256: info.sha256 },
      },
      partSize: partBytes,
      queueSize: partsAtOnce,
    });
    await this.#ask(`Cannot store "${named.path}"`, () => upload.done());
    return info;
  }

  async #getObject(
    key: BlobKey,
    range: { readonly start: number; readonly end: number } | undefined,
  ): Promise<GetObjectCommandOutput> {
    const Range = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` };
    const command = new GetObjectCommand({ ...this.#objectOf(key), ...Range });
    return await this.#ask(`Cannot read "${key.path}" in ${key.bucket}`, () =>
      this.#client.send(command),
    );
  }

  async #deleteObject(name: string): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#config.location.bucket, Key: name });
    try {
      await this.#ask(`Cannot delete "${name}"`, () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof BlobNotFound)) throw error;
    }
  }

  async *#namesBelow(prefix: { readonly bucket: BlobKey["bucket"]; readonly folder: string }) {
    const below = this.#nameOf({ bucket: prefix.bucket, path: prefix.folder });
    const listed = paginateListObjectsV2(
      { client: this.#client },
      { Bucket: this.#config.location.bucket, Prefix: `${below}/` },
    );
    const pages = listed[Symbol.asyncIterator]();
    for (;;) {
      const page = await this.#ask(`Cannot list "${below}"`, () => pages.next());
      if (page.done === true) return;
      for (const { Key } of page.value.Contents ?? []) if (Key !== undefined) yield Key;
    }
  }

  #objectOf(key: BlobKey): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#config.location.bucket, Key: this.#nameOf(key) };
  }

  /** Throws where the key is none. */
  #nameOf(key: BlobKey): string {
    const { prefix } = this.#config.location;
    return [prefix, ...safeSegments(key.bucket), ...safeSegments(key.path)]
      .filter((part) => part !== "")
      .join("/");
  }

  /** What the SDK throws, in our words. It has retried what may be retried. */
  async #ask<T>(what: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      if (isMissing(error))
        throw new BlobNotFound(`${what}: there is no such blob`, { cause: error });
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      throw new BlobstoreUnavailable(`${what}: ${reason}`, { cause: error });
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && ["NoSuchKey", "NotFound"].includes(error.name);
}
