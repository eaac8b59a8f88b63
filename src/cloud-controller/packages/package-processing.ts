import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { BlobNotFound, BlobstoreFull, type Blobstore } from "#blobstore/blobstore.ts";
import type { FreeSpace } from "#blobstore/free-space.ts";
import { asFullWhereFull } from "#blobstore/full-disk.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { App } from "../apps/app-table.ts";
import type { AppLog } from "../apps/app-log.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import type { Database } from "../database/schema.ts";
import { isEnabled } from "../feature-flags/feature-flags.ts";
import type { UploadResource } from "../resource-matches/messages.ts";
import type { ResourceCache } from "../resource-matches/resource-cache.ts";
import type { ResourceCacheConfig } from "../resource-matches/resource-cache-config.ts";
import type { ResourceScope } from "../resource-matches/resource-scope.ts";
import type { PackageLeases } from "./package-leases.ts";
import type { PackageRetention } from "./package-retention.ts";
import type { AssembledPackage, CacheableFile, MatchedFile } from "./zip/assemble-package.ts";
import { AssemblyThreads } from "./zip/assembly-worker.ts";
import { CorruptResource, InvalidZip, ZipTooLarge } from "./zip/invalid-zip.ts";
import { openAssembly } from "./zip/open-assembly.ts";

export interface PackageUpload {
  readonly packageGuid: string;
  readonly app: App;
  readonly organizationGuid: string;
  /** Holds what was received; removed in the end. */
  readonly directory: string;
  readonly bitsPath: string | undefined;
  readonly resources: readonly UploadResource[];
  /** Where matched files may come from. */
  readonly scope: ResourceScope;
}

export interface PackageProcessingOptions {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly resources: ResourceCache;
  readonly resourceCache: ResourceCacheConfig;
  readonly retention: PackageRetention;
  readonly leases: PackageLeases;
  /** On the disk where packages are made. */
  readonly space: FreeSpace;
  readonly logger: Logger;
  readonly appLog: AppLog;
  readonly limits: {
    readonly maximumPackageBytes: number;
    readonly maximumPackageEntries: number;
    readonly maximumResourceBytes: number;
  };
}

/** Packages made at once; the rest wait their turn. */
const atOnce = 2;

/**
 * Makes packages of uploads: check, take new files into the resource cache, add the matched ones, store, READY. What is
 * wrong with an upload becomes the package's error and a line on the app's log.
 */
export class PackageProcessing implements AsyncDisposable {
  readonly #options: PackageProcessingOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  readonly #threads = new AssemblyThreads(atOnce);
  #free = atOnce;

  constructor(options: PackageProcessingOptions) {
    this.#options = options;
  }

  /** Begins; the promise resolves once the package has its final state and never rejects. */
  start(upload: PackageUpload): Promise<void> {
    const work = this.#process(upload).finally(() => this.#running.delete(work));
    this.#running.add(work);
    return work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running);
    await this.#threads[Symbol.asyncDispose]();
  }

  async #process(upload: PackageUpload): Promise<void> {
    await this.#turn();
    try {
      const sha256 = await this.#make(upload);
      await this.#finish(upload, { state: "READY", sha256, error: null });
    } catch (error) {
      const message = this.#messageOf(asFullWhereFull(error), upload);
      await this.#finish(upload, { state: "FAILED", sha256: null, error: message });
      this.#options.appLog.write(upload.app, `Failed to process the package: ${message}`, {
        type: "ERR",
      });
    } finally {
      await rm(upload.directory, { recursive: true, force: true });
      this.#free += 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#free === 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#free -= 1;
  }

  async #make(upload: PackageUpload): Promise<string> {
    const { blobstore, resources, resourceCache, space, limits } = this.#options;
    const archiveLimits = {
      maxTotalBytes: limits.maximumPackageBytes,
      maxEntries: limits.maximumPackageEntries,
      maxCachedFileBytes: limits.maximumResourceBytes,
    };
    await using assembly = openAssembly(upload, archiveLimits, this.#threads);
    const cacheable = upload.bitsPath === undefined ? [] : await assembly.inspect(upload.bitsPath);
    const matched = await this.#locate(upload);
    const target = path.join(upload.directory, "package.zip");
    await space.require(await bytesToWrite(upload, matched.files));
    const assembled = await assembly
      .assemble({
        target,
        matched: matched.files,
        sources: matched.sources,
        packs: {
          prefix: path.join(upload.directory, "pack-"),
          wanted: await resources.unknown(cacheable.map(({ sha256 }) => sha256)),
          packBytes: resourceCache.packBytes,
          ownBytes: resourceCache.ownBlobBytes,
        },
      })
      .catch(async (error: unknown) => {
        if (error instanceof CorruptResource) await resources.forgetPackOf(error.sha256);
        throw error;
      });
    const [stored] = await Promise.allSettled([
      blobstore.putFile(packageBlob(upload.packageGuid), target, assembled.content),
      this.#fillCache(upload, cacheable, assembled),
    ]);
    if (stored.status === "rejected") throw stored.reason;
    return stored.value.sha256;
  }

  /** What is matched, and where it can be read. */
  async #locate(upload: PackageUpload): Promise<MatchedFiles> {
    if (upload.resources.length === 0) return { sources: [], files: [] };
    const { resources, space } = this.#options;
    const known = await resources.find(
      upload.resources.map(({ sha1 }) => sha1),
      upload,
    );
    const wanted = upload.resources.map((asked) => {
      const resource = known.get(asked.sha1);
      if (resource === undefined || resource.size !== asked.size)
        throw new MissingResource(asked.path);
      return { asked, resource };
    });
    await space.require(wanted.reduce((sum, file) => sum + file.resource.compressedSize, 0));
    const { sources, places } = await resources.locate(
      known.values(),
      path.join(upload.directory, "matched"),
    );
    const files = wanted.map(({ asked, resource }) => {
      const { source, offset } = places.get(resource.sha256) ?? { source: 0, offset: 0 };
      return {
        name: asked.path,
        mode: asked.mode,
        sha256: resource.sha256,
        size: resource.size,
        modified: resource.modified,
        method: resource.method,
        crc32: resource.crc32,
        packedCrc32: resource.packedCrc32,
        compressedSize: resource.compressedSize,
        source,
        offset,
      };
    });
    return { sources, files };
  }

  /** A package needs no cache: a fault costs the next push its match, not this one its package. */
  async #fillCache(
    { packageGuid, organizationGuid }: PackageUpload,
    files: readonly CacheableFile[],
    { packs }: AssembledPackage,
  ): Promise<void> {
    const { db, resources } = this.#options;
    try {
      if (!(await isEnabled(db, "resource_matching"))) return;
      await resources.add({ organizationGuid, files, packs });
    } catch (error) {
      this.#options.logger.error("resource-cache-not-filled", { package: packageGuid, error });
    }
  }

  async #finish(
    upload: PackageUpload,
    end: {
      readonly state: "READY" | "FAILED";
      readonly sha256: string | null;
      readonly error: string | null;
    },
  ): Promise<void> {
    const { leases, retention, logger } = this.#options;
    try {
      if (await leases.finish(upload.packageGuid, end)) await retention.expireOld(upload.app.guid);
      else logger.info("package-taken-away", { package: upload.packageGuid });
    } catch (error) {
      // The database does not answer. The lease stays, and a round that finds it old fails the package.
      logger.error("package-not-finished", { package: upload.packageGuid, error });
    }
  }

  #messageOf(error: unknown, upload: PackageUpload): string {
    if (error instanceof InvalidZip) {
      const text = error.message;
      return `The app upload is invalid: ${text.endsWith(".") ? text : `Invalid zip archive (${text}).`}`;
    }
    if (error instanceof ZipTooLarge) return `The app package is invalid: ${error.message}`;
    if (error instanceof MissingResource || error instanceof BlobNotFound) {
      return `The app upload is invalid: a matched file is no longer there; push again`;
    }
    if (error instanceof CorruptResource) {
      return `There was an error when pushing this app. Please retry your push again`;
    }
    this.#options.logger.error("package-processing-failed", { package: upload.packageGuid, error });
    if (error instanceof BlobstoreFull) return error.message;
    return "The package could not be processed; the platform's log says why";
  }
}

/** At most: the package, and the packs of what is new of the upload. */
async function bytesToWrite(
  { bitsPath }: PackageUpload,
  matched: readonly MatchedFile[],
): Promise<number> {
  const uploaded = bitsPath === undefined ? 0 : (await stat(bitsPath)).size;
  return matched.reduce((sum, { compressedSize }) => sum + compressedSize, 2 * uploaded);
}

interface MatchedFiles {
  readonly sources: readonly string[];
  readonly files: readonly MatchedFile[];
}

class MissingResource extends Error {
  override readonly name = "MissingResource";
}
