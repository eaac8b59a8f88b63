import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { dropletBlob } from "../blobs/blob-keys.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";

/** Keeps the newest droplets of an app: older ones become EXPIRED and lose their bits. */
export class DropletRetention {
  readonly #db: Database;
  readonly #blobstore: Blobstore;
  readonly #clock: Clock;
  readonly #kept: number;

  constructor(options: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly clock: Clock;
    /** STAGED and FAILED droplets beside the current one. */
    readonly kept: number;
  }) {
    this.#db = options.db;
    this.#blobstore = options.blobstore;
    this.#clock = options.clock;
    this.#kept = options.kept;
  }

  async expireOld(appGuid: string): Promise<void> {
    const rows = await this.#db
      .selectFrom("droplets")
      .select(["guid", "sha1"])
      .where("appGuid", "=", appGuid)
      .where("state", "in", ["STAGED", "FAILED"])
      .where("guid", "not in", (eb) =>
        eb
          .selectFrom("apps")
          .select((app) => app.ref("apps.dropletGuid").$notNull().as("guid"))
          .where("apps.guid", "=", appGuid)
          .where("apps.dropletGuid", "is not", null),
      )
      // A process that runs as an earlier revision would lose what its next instance starts from.
      .where("guid", "not in", (eb) =>
        eb
          .selectFrom("processes")
          .innerJoin("revisions", "revisions.guid", "processes.revisionGuid")
          .select("revisions.dropletGuid as guid")
          .where("processes.appGuid", "=", appGuid),
      )
      .orderBy("id", "desc")
      .offset(this.#kept)
      .limit(1000)
      .execute();
    for (const { guid, sha1 } of rows) {
      await this.#db
        .updateTable("droplets")
        .set({ ...touched(this.#clock), state: "EXPIRED" })
        .where("guid", "=", guid)
        .execute();
      if (sha1 !== null) await this.#blobstore.delete(dropletBlob(guid, sha1));
      await this.#db
        .updateTable("droplets")
        .set({ sha1: null, sha256: null })
        .where("guid", "=", guid)
        .execute();
    }
  }
}
