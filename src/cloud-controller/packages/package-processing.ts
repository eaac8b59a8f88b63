import { rm, stat } from "node:fs/promises";
import path from "node:path";
import {
  BlobNotFound,
  BlobstoreFull,
  BlobstoreUnavailable,
  type Blobstore,
} from "#blobstore/blobstore.ts";
import type { FreeSpace } from "#blobstore/free-space.ts";
import { asFullWhereFull } from "#blobstore/full-disk.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { App } from "../apps/app-table.ts";
import type { AppLog } from "../apps/app-log.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import type { Database } from "../database/schema.ts";
import { CfError } from "../http/cf-errors.ts";
import { isEnabled } from "../feature-flags/feature-flags.ts";
import type { MatchedResource } from "../resource-matches/match-references.ts";
import type { UploadResource } from "../resource-matches/messages.ts";
import type { FoundFile, ResourceCache } from "../resource-matches/resource-cache.ts";
import type { ResourceCacheConfig } from "../resource-matches/resource-cache-config.ts";
import type { ResourceScope } from "../resource-matches/resource-scope.ts";
import type { PackageLeases } from "./package-leases.ts";
import type { PackageRetention } from "./package-retention.ts";
import type { Package } from "./package-table.ts";
import type {
  AssembledPackage,
  CacheableFile,
  MatchedFile,
  PreviousPackage,
} from "./zip/assemble-package.ts";
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
  readonly resources: readonly (UploadResource | MatchedResource)[];
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

/** What a package that has failed has. */
const nothing = { sha256: null, contentKey: null };

/** Packages made at once; the rest wait their turn. */
const atOnce = 2;

/**
 * So many new files are in the cache before their package is READY, so that the next match finds them whenever it comes.
 * Of more the package does not wait: their rows, in an index of millions, take as long as all that was before.
 */
const filesCachedFirst = 500;

/**
 * Makes packages of uploads: check, take new files into the resource cache, add the matched ones, store, READY. What is
 * wrong with an upload becomes the package's error and a line on the app's log.
 */
export class PackageProcessing implements AsyncDisposable {
  readonly #options: PackageProcessingOptions;
  readonly #running = new Set<Promise<void>>();
  /** Whose directories are there yet, each with what is being written into it from outside. */
  readonly #directories = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  readonly #threads = new AssemblyThreads(atOnce);
  #free = atOnce;

  constructor(options: PackageProcessingOptions) {
    this.#options = options;
  }

  /** Begins; the promise resolves once the package has its final state and never rejects. */
  start(upload: PackageUpload): Promise<void> {
    const { packageGuid } = upload;
    const { promise, resolve } = Promise.withResolvers<void>();
    const work = this.#process(upload, resolve)
      .catch((error: unknown) => {
        this.#options.logger.error("upload-not-removed", { package: packageGuid, error });
      })
      .finally(() => {
        this.#running.delete(work);
        resolve();
      });
    this.#running.add(work);
    return promise;
  }

  /** Writes into the directory of an upload, unless its package has been made and the directory is going away. */
  async keep(directory: string, write: () => Promise<void>): Promise<void> {
    if (!this.#directories.has(directory)) return;
    const written = write();
    this.#directories.set(directory, written);
    await written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running);
    await this.#threads[Symbol.asyncDispose]();
  }

  async #process(upload: PackageUpload, ended: () => void): Promise<void> {
    this.#directories.set(upload.directory, Promise.resolve());
    await this.#turn();
    try {
      const { fillCache, ...made } = await this.#make(upload);
      await this.#finish(upload, { state: "READY", ...made, error: null });
      if (fillCache === undefined) return;
      ended();
      await fillCache();
    } catch (error) {
      const message = this.#messageOf(asFullWhereFull(error), upload);
      await this.#finish(upload, { state: "FAILED", ...nothing, error: message });
      this.#options.appLog.write(upload.app, `Failed to process the package: ${message}`, {
        type: "ERR",
      });
    } finally {
      this.#free += 1;
      this.#waiting.shift()?.();
      const writing = this.#directories.get(upload.directory);
      this.#directories.delete(upload.directory);
      await writing?.catch(() => undefined);
      await rm(upload.directory, { recursive: true, force: true });
    }
  }

  async #turn(): Promise<void> {
    while (this.#free === 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#free -= 1;
  }

  async #make(upload: PackageUpload): Promise<MadePackage> {
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
        previous: await this.#previous(upload),
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
    const fillCache = () => this.#fillCache(upload, cacheable, assembled);
    const isFilledLater = cacheable.length > filesCachedFirst;
    const [stored] = await Promise.allSettled([
      blobstore.putFile(packageBlob(upload.packageGuid), assembled.path, assembled.content),
      isFilledLater ? undefined : fillCache(),
    ]);
    if (stored.status === "rejected") throw stored.reason;
    const { sha256 } = stored.value;
    const made = { sha256, contentKey: assembled.contentKey ?? null };
    return isFilledLater ? { ...made, fillCache } : made;
  }

  /** The app's last large package, which a push of what has not changed is again. */
  async #previous({ app, directory }: PackageUpload): Promise<PreviousPackage | undefined> {
    const { db, blobstore } = this.#options;
    const last = await db
      .selectFrom("packages")
      .select(["guid", "sha256", "contentKey"])
      .where("appGuid", "=", app.guid)
      .where("state", "=", "READY")
      .where("contentKey", "is not", null)
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    if (last === undefined || last.contentKey === null || last.sha256 === null) return undefined;
    const { contentKey, sha256 } = last;
    const name = path.join(directory, "previous");
    try {
      const isLinked = await blobstore.link(packageBlob(last.guid), name);
      return isLinked ? { path: name, contentKey, sha256 } : undefined;
    } catch (error) {
      if (error instanceof BlobNotFound) return undefined;
      throw error;
    }
  }

  /** What is matched, and where it can be read. */
  async #locate(upload: PackageUpload): Promise<MatchedFiles> {
    if (upload.resources.length === 0) return { sources: [], files: [] };
    const { resources, space } = this.#options;
    const found = await this.#find(upload);
    await space.require(found.reduce((sum, { compressedSize }) => sum + compressedSize, 0));
    const { sources, placeOf } = await resources.locate(
      found,
      path.join(upload.directory, "matched"),
    );
    const files = upload.resources.flatMap(({ path: name, mode }, index) => {
      const file = found[index];
      if (file === undefined) return [];
      const { source, offset } = placeOf(file);
      return {
        name,
        mode,
        sha256: file.sha256,
        size: file.size,
        modified: file.modified,
        method: file.method,
        crc32: file.crc32,
        packedCrc32: file.packedCrc32,
        compressedSize: file.compressedSize,
        source,
        offset,
      };
    });
    return { sources, files };
  }

  /** The files of the upload's resources, in their order. A match may have found them, before which rights may have changed. */
  async #find(upload: PackageUpload): Promise<readonly FoundFile[]> {
    const given = upload.resources.map((asked) => ("file" in asked ? asked.file : undefined));
    const isAnyGiven = given.some((file) => file !== undefined);
    const mayUse = isAnyGiven ? await this.#usable(upload.scope) : () => false;
    const placed = given.map((file) => (file !== undefined && mayUse(file) ? file : undefined));
    const unplaced = upload.resources.filter((_, index) => placed[index] === undefined);
    const known =
      unplaced.length === 0
        ? new Map<string, FoundFile>()
        : await this.#options.resources.find(
            unplaced.map(({ sha1 }) => sha1),
            upload,
          );
    return upload.resources.map((asked, index) => {
      const file = placed[index] ?? known.get(asked.sha1);
      if (file?.size !== asked.size) throw new MissingResource(asked.path);
      return file;
    });
  }

  async #usable(scope: ResourceScope): Promise<(file: FoundFile) => boolean> {
    if (scope === undefined) return () => true;
    const rows = await this.#options.db
      .selectFrom("organizations")
      .select("guid")
      .where("guid", "in", scope)
      .execute();
    const guids = new Set(rows.map(({ guid }) => guid));
    return ({ organizationGuid }) => guids.has(organizationGuid);
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
    end: Pick<Package, "state" | "sha256" | "contentKey" | "error">,
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
    if (error instanceof BlobstoreUnavailable) {
      this.#options.logger.error("package-not-stored", { package: upload.packageGuid, error });
      return new CfError("BlobstoreUnavailable").message;
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

interface MadePackage extends Pick<Package, "sha256" | "contentKey"> {
  /** What is still to be done with the upload's files once the package is READY; never rejects. */
  readonly fillCache?: () => Promise<void>;
}

interface MatchedFiles {
  readonly sources: readonly string[];
  readonly files: readonly MatchedFile[];
}

class MissingResource extends Error {
  override readonly name = "MissingResource";
}
