import type { Blobstore } from "#blobstore/blobstore.ts";
import { addMs, type Clock } from "#kernel/clock/clock.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { Changes } from "../http/long-poll.ts";
import { packageKey, type Package } from "./package-table.ts";

/** A process that says nothing for that long has died, and its uploads and copies with it. */
const leaseMs = 60_000;
export const leasePeriodMs = leaseMs / 3;

/**
 * Which process makes which package: what it has received lies on its own disk, so no other can go on with it. Of several
 * processes on one database each sees to its own at its start (`package-recovery.ts`), and fails those of one that has
 * died for good.
 */
export class PackageLeases {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #blobstore: Blobstore;
  readonly #changes: Changes;
  readonly #holder: string;

  constructor(options: {
    readonly db: Database;
    readonly clock: Clock;
    readonly blobstore: Blobstore;
    readonly changes: Changes;
    /** The same from start to start, and of no other process that is alive. */
    readonly holder: string;
  }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#blobstore = options.blobstore;
    this.#changes = options.changes;
    this.#holder = options.holder;
  }

  /** Columns of a package that this process begins to make. */
  columns(): Pick<Package, "processedBy" | "processedAt"> {
    return { processedBy: this.#holder, processedAt: this.#clock.now().toISOString() };
  }

  /** At a start: what this process was making when it was killed. */
  async interrupted(): Promise<Package[]> {
    return await this.#db
      .selectFrom("packages")
      .selectAll()
      .where("processedBy", "=", this.#holder)
      .execute();
  }

  /** At a start: fails what was interrupted, but for those that go on. Gives how many packages have failed. */
  async recover(goingOn: ReadonlySet<string> = new Set()): Promise<number> {
    const interrupted = await this.interrupted();
    const failed = await this.#fail(interrupted.filter(({ guid }) => !goingOn.has(guid)));
    return failed + (await this.keepUp());
  }

  /** One round: this process is alive, others may not be. Gives how many packages have failed. */
  async keepUp(): Promise<number> {
    await this.#db
      .updateTable("packages")
      .set({ processedAt: this.#clock.now().toISOString() })
      .where("processedBy", "=", this.#holder)
      .execute();
    return await this.#failAbandoned();
  }

  /**
   * The end of a package that this process has made. False where it is not this process's any more: the app has been
   * deleted, or this process said nothing for so long that the package has been failed. Nothing of it may stay then.
   */
  async finish(
    guid: string,
    end: Pick<Package, "state" | "sha256" | "error"> & Partial<Pick<Package, "contentKey">>,
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("packages")
      .set({ ...touched(this.#clock), ...end, processedBy: null, processedAt: null })
      .where("guid", "=", guid)
      .where("processedBy", "=", this.#holder)
      .executeTakeFirstOrThrow();
    this.#changes.notify(packageKey(guid));
    if (numUpdatedRows === 1n) return true;
    await this.#blobstore.delete(packageBlob(guid));
    return false;
  }

  async #failAbandoned(): Promise<number> {
    const deadSince = addMs(this.#clock.now(), -leaseMs).toISOString();
    const rows = await this.#db
      .selectFrom("packages")
      .select(["guid", "processedBy", "processedAt"])
      .where("processedBy", "is not", null)
      .where("processedAt", "<", deadSince)
      .execute();
    return await this.#fail(rows);
  }

  async #fail(
    rows: readonly Pick<Package, "guid" | "processedBy" | "processedAt">[],
  ): Promise<number> {
    let failed = 0;
    for (const { guid, processedBy, processedAt } of rows) {
      // Taken over first, so that who was only slow cannot finish what is being undone here.
      const { numUpdatedRows } = await this.#db
        .updateTable("packages")
        .set(this.columns())
        .where("guid", "=", guid)
        .where("processedBy", "=", processedBy)
        .where("processedAt", "=", processedAt)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) continue;
      // What was stored before its row could say so.
      await this.#blobstore.delete(packageBlob(guid));
      const error = "The platform was stopped while it processed the upload; push again";
      await this.finish(guid, { state: "FAILED", sha256: null, error });
      failed += 1;
    }
    return failed;
  }
}
