import { sql } from "kysely";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { addMs, type Clock } from "#kernel/clock/clock.ts";
import { nextTurn } from "#kernel/clock/next-turn.ts";
import { randomGuids } from "#kernel/guid.ts";
import { resourcePackBlob } from "../blobs/blob-keys.ts";
import type { Database, Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";

/** Longer than any pack takes to be written; a row that is WRITING for longer was left by a crash. */
const abandonedAfterMs = 6 * 60 * 60 * 1000;
/** Longer than any assembly takes to read what it has looked up. */
const retiredForMs = 60 * 60 * 1000;
/** Of one round; the next goes on. */
const reclaimedAtOnce = 100;

/** The blobs of the resource cache and the rows that tell of them; see `ResourcePackTable`. */
export class ResourcePacks {
  readonly #db: Database;
  readonly #blobstore: Blobstore;
  readonly #clock: Clock;

  constructor(options: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly clock: Clock;
  }) {
    this.#db = options.db;
    this.#blobstore = options.blobstore;
    this.#clock = options.clock;
  }

  /**
   * Stores a pack. `store` puts the blob and gives its size; a pack that took so long that it was reclaimed meanwhile is
   * undefined.
   */
  async write(
    store: (guid: string) => Promise<{ readonly size: number }>,
  ): Promise<string | undefined> {
    const guid = randomGuids();
    const changedAt = this.#now();
    await this.#db
      .insertInto("resourcePacks")
      .values({ guid, state: "WRITING", size: 0, liveBytes: 0, changedAt })
      .execute();
    const { size } = await store(guid);
    const sealed = await this.#db
      .updateTable("resourcePacks")
      .set({ state: "SEALED", size, changedAt: this.#now() })
      .where("guid", "=", guid)
      .where("state", "=", "WRITING")
      .executeTakeFirstOrThrow();
    if (sealed.numUpdatedRows === 1n) return guid;
    await this.#blobstore.delete(resourcePackBlob(guid));
    return undefined;
  }

  /** Where nothing in it is needed any more. */
  async retireEmpty(guid: string): Promise<boolean> {
    const retired = await this.#db
      .updateTable("resourcePacks")
      .set({ state: "RETIRED", changedAt: this.#now() })
      .where("guid", "=", guid)
      .where("state", "=", "SEALED")
      .where("liveBytes", "=", 0)
      .executeTakeFirstOrThrow();
    return retired.numUpdatedRows === 1n;
  }

  /** A pack whose blob is gone or spoilt: its files are forgotten, so that no match names them. */
  async retire(guid: string): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx.deleteFrom("resourceFiles").where("packGuid", "=", guid).execute();
      await tx
        .updateTable("resourcePacks")
        .set({ state: "RETIRED", liveBytes: 0, changedAt: this.#now() })
        .where("guid", "=", guid)
        .execute();
    });
  }

  /** Deletes the blobs that no row needs: what a crash left, what is retired. Gives how many. */
  async reclaim(signal: AbortSignal): Promise<number> {
    const before = (ms: number) => addMs(this.#clock.now(), -ms).toISOString();
    const rows = await this.#db
      .selectFrom("resourcePacks")
      .select("guid")
      .where((eb) =>
        eb.or([
          eb.and([eb("state", "=", "WRITING"), eb("changedAt", "<", before(abandonedAfterMs))]),
          eb.and([eb("state", "=", "RETIRED"), eb("changedAt", "<", before(retiredForMs))]),
        ]),
      )
      .limit(reclaimedAtOnce)
      .execute();
    let reclaimed = 0;
    for (const { guid } of rows) {
      if (signal.aborted) break;
      // The row goes last: a crash in between leaves it, and the next round deletes what is already gone.
      await this.#blobstore.delete(resourcePackBlob(guid));
      await this.#db
        .deleteFrom("resourcePacks")
        .where("guid", "=", guid)
        .where("state", "<>", "SEALED")
        .execute();
      reclaimed += 1;
    }
    return reclaimed;
  }

  #now(): string {
    return this.#clock.now().toISOString();
  }
}

/** Compressed bytes of all files in the cache. */
export async function liveBytes(db: Database): Promise<number> {
  const total = await db
    .selectFrom("resourcePacks")
    .select((eb) => eb.fn.sum<number | null>("liveBytes").as("bytes"))
    .executeTakeFirst();
  return total?.bytes ?? 0;
}

/** Deletes contents, and with them that any organization has them; their packs know of it. Gives how many. */
export async function deleteFiles(tx: Executor, sha256s: readonly string[]): Promise<number> {
  const rows = await tx
    .deleteFrom("resourceFiles")
    .where(isOneOf(sql.ref("sha256"), sha256s))
    .returning(["packGuid", "compressedSize"])
    .execute();
  const bytes = new Map<string, number>();
  for (const { packGuid, compressedSize } of rows) {
    bytes.set(packGuid, (bytes.get(packGuid) ?? 0) + compressedSize);
  }
  for (const [packGuid, dead] of [...bytes].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    await changeLiveBytes(tx, packGuid, -dead);
  }
  return rows.length;
}

/** In one transaction with the rows that come or go. Throws where rows came to a pack that has been retired meanwhile. */
export async function changeLiveBytes(
  tx: Executor,
  packGuid: string,
  bytes: number,
): Promise<void> {
  const changed = await tx
    .updateTable("resourcePacks")
    .set((eb) => ({ liveBytes: eb("liveBytes", "+", bytes) }))
    .where("guid", "=", packGuid)
    .where("state", "=", "SEALED")
    .executeTakeFirstOrThrow();
  if (bytes > 0 && changed.numUpdatedRows === 0n) {
    throw new Error(`The pack ${packGuid} has been retired`);
  }
}

/**
 * Thousands of rows in small pieces, with room for everybody else's requests between them: a hundred rows among a
 * million, each on pages of its own, take SQLite some milliseconds.
 */
export async function inChunks<Item>(
  items: readonly Item[],
  each: (chunk: readonly Item[]) => Promise<void>,
  atOnce = 100,
): Promise<void> {
  for (let at = 0; at < items.length; at += atOnce) {
    await each(items.slice(at, at + atOnce));
    await nextTurn();
  }
}
