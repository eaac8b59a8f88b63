import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import type { PackageLeases } from "./package-leases.ts";
import type { Package } from "./package-table.ts";

/** Copies the bits of packages: COPYING -> READY | FAILED. */
export class PackageCopies implements AsyncDisposable {
  readonly #blobstore: Blobstore;
  readonly #leases: PackageLeases;
  readonly #logger: Logger;
  readonly #running = new Set<Promise<void>>();

  constructor(options: {
    readonly blobstore: Blobstore;
    readonly leases: PackageLeases;
    readonly logger: Logger;
  }) {
    this.#blobstore = options.blobstore;
    this.#leases = options.leases;
    this.#logger = options.logger;
  }

  start(source: Package, copy: Package): void {
    const work = this.#copy(source, copy).finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running);
  }

  async #copy(source: Package, copy: Package): Promise<void> {
    try {
      const content = await this.#blobstore.get(packageBlob(source.guid));
      const { sha256 } = await this.#blobstore.put(packageBlob(copy.guid), content);
      await this.#finish(copy, { state: "READY", sha256, error: null });
    } catch (error) {
      this.#logger.error("package-copy-failed", { package: copy.guid, error });
      await this.#finish(copy, {
        state: "FAILED",
        sha256: null,
        error: "failed to copy - the bits of the source package cannot be read",
      });
    }
  }

  async #finish(copy: Package, end: Pick<Package, "state" | "sha256" | "error">): Promise<void> {
    try {
      await this.#leases.finish(copy.guid, end);
    } catch (error) {
      this.#logger.error("package-copy-not-finished", { package: copy.guid, error });
    }
  }
}
