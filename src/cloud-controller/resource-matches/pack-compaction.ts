import { Readable } from "node:stream";
import { BlobNotFound, type Blobstore } from "#blobstore/blobstore.ts";
import { resourcePackBlob } from "../blobs/blob-keys.ts";
import { addMs, type Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import type { ResourceCacheConfig } from "./resource-cache-config.ts";
import { changeLiveBytes, inChunks, type ResourcePacks } from "./resource-packs.ts";
import type { ResourceFile, ResourcePack } from "./resource-table.ts";

/** So many small packs are worth to be made one. */
const manyPacks = 16;
/** A pack is left alone for so long: the rows of its files may still be coming. */
const settledMs = 60 * 60 * 1000;
/** Packs looked at in one round. */
const packsAtOnce = 1_000;

type Candidate = Pick<ResourcePack, "guid" | "size" | "liveBytes">;

/** Packs to retire for nothing in them is needed, and packs whose live bytes become one pack together. */
interface CompactionPlan {
  readonly empty: readonly string[];
  readonly merge: readonly (readonly string[])[];
}

/**
 * A pack is rewritten once half of it is dead. Small ones (each upload of a changed line brings one) are put together
 * once there are many, so that every byte is rewritten a few times at most.
 */
export function planCompaction(packs: readonly Candidate[], packBytes: number): CompactionPlan {
  const empty = packs.filter(({ liveBytes }) => liveBytes === 0);
  const used = packs.filter(({ liveBytes }) => liveBytes > 0);
  const sparse = used.filter(({ size, liveBytes }) => liveBytes * 2 <= size);
  const small = used.filter(
    ({ size, liveBytes }) => size * manyPacks <= packBytes && liveBytes * 2 > size,
  );
  const chosen = [...sparse, ...(small.length >= manyPacks ? small : [])];
  const merge: string[][] = [];
  let bytes = 0;
  for (const { guid, liveBytes } of chosen) {
    const group = merge.at(-1);
    if (group === undefined || bytes + liveBytes > packBytes) {
      merge.push([guid]);
      bytes = liveBytes;
    } else {
      group.push(guid);
      bytes += liveBytes;
    }
  }
  const isSparse = new Set(sparse.map(({ guid }) => guid));
  return {
    empty: empty.map(({ guid }) => guid),
    merge: merge.filter((group) => group.length > 1 || group.some((guid) => isSparse.has(guid))),
  };
}

interface CompactionContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly blobstore: Blobstore;
  readonly packs: ResourcePacks;
  readonly config: ResourceCacheConfig;
}

/** One round; gives how many packs were retired. */
export async function compactPacks(
  context: CompactionContext,
  signal: AbortSignal,
): Promise<number> {
  const { db, clock, packs, config } = context;
  const candidates = await db
    .selectFrom("resourcePacks")
    .select(["guid", "size", "liveBytes"])
    .where("state", "=", "SEALED")
    .where("changedAt", "<", addMs(clock.now(), -settledMs).toISOString())
    .where((eb) =>
      eb.or([
        eb("size", ">=", eb("liveBytes", "*", 2)),
        eb("size", "<=", Math.floor(config.packBytes / manyPacks)),
      ]),
    )
    .orderBy("guid")
    .limit(packsAtOnce)
    .execute();
  const plan = planCompaction(candidates, config.packBytes);
  let retired = 0;
  for (const guid of plan.empty) {
    if (signal.aborted) return retired;
    if (await packs.retireEmpty(guid)) retired += 1;
  }
  for (const group of plan.merge) {
    if (signal.aborted) return retired;
    retired += await mergePacks(context, group);
  }
  return retired;
}

async function mergePacks(
  { db, blobstore, packs }: CompactionContext,
  guids: readonly string[],
): Promise<number> {
  const files = await db
    .selectFrom("resourceFiles")
    .selectAll()
    .where("packGuid", "in", guids)
    .orderBy("packGuid")
    .orderBy("offset")
    .execute();
  try {
    const target = await packs.write((guid) =>
      blobstore.put(resourcePackBlob(guid), Readable.from(liveBytesOf(blobstore, files))),
    );
    if (target === undefined) return 0;
    await moveRows(db, target, files);
  } catch (error) {
    // Its files are forgotten, as an assembly that met it would; the others stay where they are.
    if (error instanceof BlobNotFound) for (const guid of guids) await retireIfGone(guid);
    else throw error;
  }
  let retired = 0;
  for (const guid of guids) if (await packs.retireEmpty(guid)) retired += 1;
  return retired;

  async function retireIfGone(guid: string): Promise<void> {
    if ((await blobstore.stat(resourcePackBlob(guid))) === undefined) await packs.retire(guid);
  }
}

/** The compressed bytes of the files, in their order, each pack read once from front to back. */
async function* liveBytesOf(
  blobstore: Blobstore,
  files: readonly ResourceFile[],
): AsyncGenerator<Buffer> {
  for (const ofPack of Map.groupBy(files, ({ packGuid }) => packGuid)) {
    const [packGuid, wanted] = ofPack;
    yield* cut(await blobstore.get(resourcePackBlob(packGuid)), wanted);
  }
}

/** What of a pack's bytes belongs to these of its files, which are in the order of their offsets. */
export async function* cut(
  pack: AsyncIterable<Buffer>,
  files: readonly Pick<ResourceFile, "offset" | "compressedSize">[],
): AsyncGenerator<Buffer> {
  let start = 0;
  let index = 0;
  for await (const chunk of pack) {
    const end = start + chunk.length;
    for (let file = files[index]; file !== undefined && file.offset < end; file = files[index]) {
      const fileEnd = file.offset + file.compressedSize;
      yield chunk.subarray(
        Math.max(0, file.offset - start),
        Math.min(chunk.length, fileEnd - start),
      );
      if (fileEnd > end) break;
      index += 1;
    }
    start = end;
  }
  if (index < files.length) throw new Error("A pack of the resource cache is too short");
}

/** Says of each file that it lies in the new pack, where it still lies in the old one. */
async function moveRows(
  db: Database,
  target: string,
  files: readonly ResourceFile[],
): Promise<void> {
  let offset = 0;
  const moves = files.map((file) => {
    const move = { file, offset };
    offset += file.compressedSize;
    return move;
  });
  await inChunks(moves, async (chunk) => {
    await db.transaction().execute(async (tx) => {
      const changed = new Map<string, number>();
      const add = (guid: string, bytes: number) =>
        changed.set(guid, (changed.get(guid) ?? 0) + bytes);
      for (const { file, offset: at } of chunk) {
        const moved = await tx
          .updateTable("resourceFiles")
          .set({ packGuid: target, offset: at })
          .where("sha256", "=", file.sha256)
          .where("packGuid", "=", file.packGuid)
          .executeTakeFirstOrThrow();
        if (moved.numUpdatedRows === 0n) continue;
        add(target, file.compressedSize);
        add(file.packGuid, -file.compressedSize);
      }
      for (const [guid, change] of changed) await changeLiveBytes(tx, guid, change);
    });
  });
}
