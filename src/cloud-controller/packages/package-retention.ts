import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";

/** Keeps the newest packages of an app: older ones become EXPIRED and lose their bits. */
export class PackageRetention {
  readonly #db: Database;
  readonly #blobstore: Blobstore;
  readonly #clock: Clock;
  readonly #kept: number;

  constructor(options: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly clock: Clock;
    /** READY and FAILED packages beside that of the current droplet. */
    readonly kept: number;
  }) {
    this.#db = options.db;
    this.#blobstore = options.blobstore;
    this.#clock = options.clock;
    this.#kept = options.kept;
  }

  async expireOld(appGuid: string): Promise<void> {
    const rows = await this.#db
      .selectFrom("packages")
      .select("guid")
      .where("appGuid", "=", appGuid)
      .where("state", "in", ["READY", "FAILED"])
      .where("guid", "not in", (eb) =>
        eb
          .selectFrom("droplets")
          .innerJoin("apps", "apps.dropletGuid", "droplets.guid")
          .select((droplet) => droplet.ref("droplets.packageGuid").$notNull().as("guid"))
          .where("apps.guid", "=", appGuid)
          .where("droplets.packageGuid", "is not", null),
      )
      // A running staging may not have fetched it yet; the original does not guard against that.
      .where("guid", "not in", (eb) =>
        eb.selectFrom("builds").select("builds.packageGuid").where("state", "=", "STAGING"),
      )
      .orderBy("id", "desc")
      .offset(this.#kept)
      .limit(1000)
      .execute();
    for (const { guid } of rows) {
      await this.#db
        .updateTable("packages")
        .set({ ...touched(this.#clock), state: "EXPIRED" })
        .where("guid", "=", guid)
        .execute();
      await this.#blobstore.delete(packageBlob(guid));
      await this.#db
        .updateTable("packages")
        .set({ sha256: null })
        .where("guid", "=", guid)
        .execute();
    }
  }
}
