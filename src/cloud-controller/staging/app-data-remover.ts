import type { Blobstore } from "#blobstore/blobstore.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { AppDataRemover } from "../apps/app-runner.ts";
import { buildLogKey } from "../build-observations/build-observations.ts";
import {
  allBuildpackCaches,
  buildpackCacheFolder,
  dropletBlob,
  packageBlob,
} from "../blobs/blob-keys.ts";
import type { Database } from "../database/schema.ts";
import type { Changes } from "../http/long-poll.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { buildKey } from "./build-ending.ts";

/** Deletes what staging has made of an app: blobs first, so that a crash leaves rows that name what is still to go. */
export class StagedAppData implements AppDataRemover {
  readonly #db: Database;
  readonly #blobstore: Blobstore;
  readonly #bbs: Pick<BbsClient, "cancelTask">;
  readonly #logger: Logger;
  readonly #changes: Changes;
  readonly #buildsRemoved: () => Promise<unknown>;

  constructor(options: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly bbs: Pick<BbsClient, "cancelTask">;
    readonly logger: Logger;
    readonly changes: Changes;
    /** After builds have gone: what is kept of them elsewhere goes too. May fail; a loop tries again. */
    readonly buildsRemoved: () => Promise<unknown>;
  }) {
    this.#db = options.db;
    this.#blobstore = options.blobstore;
    this.#bbs = options.bbs;
    this.#logger = options.logger;
    this.#changes = options.changes;
    this.#buildsRemoved = options.buildsRemoved;
  }

  async removeAppData(appGuid: string): Promise<void> {
    await this.#cancelStagings(appGuid);
    const packages = await this.#guids("packages", appGuid);
    for (const guid of packages) await this.#blobstore.delete(packageBlob(guid));
    const droplets = await this.#db
      .selectFrom("droplets")
      .select(["guid", "sha1"])
      .where("appGuid", "=", appGuid)
      .execute();
    for (const { guid, sha1 } of droplets) {
      if (sha1 !== null) await this.#blobstore.delete(dropletBlob(guid, sha1));
    }
    await this.removeBuildpackCache(appGuid);
    const builds = await this.#guids("builds", appGuid);
    await this.#db.transaction().execute(async (tx) => {
      await deleteMetadata(tx, "package", packages);
      await deleteMetadata(tx, "build", builds);
      await deleteMetadata(
        tx,
        "droplet",
        droplets.map(({ guid }) => guid),
      );
      await tx.deleteFrom("packages").where("appGuid", "=", appGuid).execute();
      await tx.deleteFrom("builds").where("appGuid", "=", appGuid).execute();
      await tx.deleteFrom("droplets").where("appGuid", "=", appGuid).execute();
    });
    for (const guid of builds) {
      for (const key of [buildKey(guid), buildLogKey(guid)]) this.#changes.notify(key);
    }
    if (builds.length === 0) return;
    await this.#buildsRemoved().catch((error: unknown) => {
      this.#logger.info("kept-stagings-not-released", { app: appGuid, error });
    });
  }

  async removeBuildpackCache(appGuid: string): Promise<void> {
    await this.#db.deleteFrom("buildpackCaches").where("appGuid", "=", appGuid).execute();
    await this.#blobstore.deleteAll(buildpackCacheFolder(appGuid));
  }

  async removeAllBuildpackCaches(): Promise<void> {
    await this.#db.deleteFrom("buildpackCaches").execute();
    await this.#blobstore.deleteAll(allBuildpackCaches);
  }

  async #guids(table: "packages" | "builds", appGuid: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom(table)
      .select("guid")
      .where("appGuid", "=", appGuid)
      .execute();
    return rows.map(({ guid }) => guid);
  }

  /** The sync loop cancels what cannot be cancelled now: its build is gone then. */
  async #cancelStagings(appGuid: string): Promise<void> {
    const rows = await this.#db
      .selectFrom("builds")
      .select("guid")
      .where("appGuid", "=", appGuid)
      .where("state", "=", "STAGING")
      .execute();
    for (const { guid } of rows) {
      await this.#bbs.cancelTask(guid).catch((error: unknown) => {
        this.#logger.info("staging-task-not-cancelled", { build: guid, error });
      });
    }
  }
}
