import { dropletBlob, packageBlob } from "../blobs/blob-keys.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import type { CleanUp, CleanUpContext } from "./clean-up.ts";

const batch = 1_000;

/** Packages and droplets that have expired lose the bits that a crash has left them, and then their rows. */
export const expiredBits: readonly CleanUp[] = [
  {
    name: "expired_blob_cleanup",
    run: async (context, signal) =>
      (await untilNone(signal, () => packageBits(context))) +
      (await untilNone(signal, () => dropletBits(context))),
  },
  { name: "expired_resource_cleanup", run: removeRows },
];

async function untilNone(signal: AbortSignal, work: () => Promise<number>): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const count = await work();
    total += count;
    if (count < batch) break;
  }
  return total;
}

async function packageBits({ db, blobstore }: CleanUpContext): Promise<number> {
  const rows = await db
    .selectFrom("packages")
    .select("guid")
    .where("state", "=", "EXPIRED")
    .where("sha256", "is not", null)
    .limit(batch)
    .execute();
  for (const { guid } of rows) {
    await blobstore.delete(packageBlob(guid));
    await db.updateTable("packages").set({ sha256: null }).where("guid", "=", guid).execute();
  }
  return rows.length;
}

async function dropletBits({ db, blobstore }: CleanUpContext): Promise<number> {
  const rows = await db
    .selectFrom("droplets")
    .select(["guid", "sha1"])
    .where("state", "in", ["EXPIRED", "FAILED"])
    .where("sha1", "is not", null)
    .limit(batch)
    .execute();
  for (const { guid, sha1 } of rows) {
    await blobstore.delete(dropletBlob(guid, sha1 ?? ""));
    await db
      .updateTable("droplets")
      .set({ sha1: null, sha256: null })
      .where("guid", "=", guid)
      .execute();
  }
  return rows.length;
}

async function removeRows({ db }: CleanUpContext): Promise<number> {
  return await db.transaction().execute(async (tx) => {
    let total = 0;
    for (const [table, type] of [
      ["packages", "package"],
      ["droplets", "droplet"],
    ] as const) {
      const rows = await tx
        .deleteFrom(table)
        .where("state", "=", "EXPIRED")
        .where("sha256", "is", null)
        .returning("guid")
        .execute();
      await deleteMetadata(
        tx,
        type,
        rows.map(({ guid }) => guid),
      );
      total += rows.length;
    }
    return total;
  });
}
