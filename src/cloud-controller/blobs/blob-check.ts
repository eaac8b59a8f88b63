import { createHash } from "node:crypto";
import { BlobCorrupt, BlobNotFound, type BlobKey, type Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { buildpackKey } from "../buildpacks/buildpack-table.ts";
import type { Database } from "../database/schema.ts";
import {
  buildpackBlob,
  dropletBlob,
  foldersOfBlobs,
  packageBlob,
  resourcePackBlob,
} from "./blob-keys.ts";
import { hasOwner } from "./blob-owner.ts";

export const checkedKinds = ["packages", "droplets", "buildpacks", "packs"] as const;
export type CheckedKind = (typeof checkedKinds)[number];

/** A row whose blob is not there, or is not what the row says. */
export interface BlobFault {
  readonly kind: CheckedKind;
  readonly guid: string;
  readonly bucket: BlobKey["bucket"];
  readonly path: string;
  readonly fault: "missing" | "corrupt";
}

interface Named {
  readonly guid: string;
  readonly key: BlobKey;
  /** Hex; undefined where the row has none, and what the store keeps beside the blob has to do. */
  readonly sha256: string | undefined;
}

interface Stores {
  readonly db: Database;
  readonly blobstore: Blobstore;
}

/**
 * The rows of one kind whose guids come after `after`, as many as `limit`: those that name a blob have it; with `content`
 * every byte of it is read and hashed. `next` is the guid to go on after; undefined at the end.
 */
export async function checkRows(
  stores: Stores,
  what: {
    readonly kind: CheckedKind;
    readonly after: string;
    readonly limit: number;
    readonly content: boolean;
  },
): Promise<{ checked: number; faults: BlobFault[]; next: string | undefined }> {
  const rows = await namedBlobs(stores.db, what);
  const faults: BlobFault[] = [];
  for (const row of rows) {
    const fault = await faultOf(stores.blobstore, row, what.content);
    if (fault === undefined || !(await isStillNamed(stores.db, what.kind, row))) continue;
    faults.push({ kind: what.kind, guid: row.guid, ...row.key, fault });
  }
  const next = rows.length < what.limit ? undefined : rows.at(-1)?.guid;
  return { checked: rows.length, faults, next };
}

/** Blobs of one two-digit folder that no row names and that are older than the grace: an upload stores before it names. */
export async function findOrphans(
  { db, blobstore }: Stores,
  clock: Clock,
  what: { readonly folder: string; readonly graceSeconds: number },
): Promise<{ checked: number; orphans: (BlobKey & { readonly size: number })[] }> {
  const youngest = clock.now().getTime() - what.graceSeconds * 1_000;
  const orphans: (BlobKey & { readonly size: number })[] = [];
  let checked = 0;
  for (const each of foldersOfBlobs(what.folder)) {
    for await (const path of blobstore.paths(each)) {
      checked += 1;
      const key = { bucket: each.bucket, path };
      if (await hasOwner(db, key)) continue;
      const found = await blobstore.stat(key);
      if (found === undefined || found.storedAt.getTime() > youngest) continue;
      orphans.push({ ...key, size: found.size });
    }
  }
  return { checked, orphans };
}

/** Deletes those of them that still have no owner. */
export async function removeOrphans(
  { db, blobstore }: Stores,
  orphans: readonly BlobKey[],
): Promise<void> {
  for (const key of orphans) {
    if (!(await hasOwner(db, key))) await blobstore.delete(key);
  }
}

/** A blob is deleted before its row says so: a fault counts only while the row does name it. */
async function isStillNamed(db: Database, kind: CheckedKind, row: Named): Promise<boolean> {
  const { guid } = row;
  const again = await namedBlobs(db, { kind, guid, after: "", limit: 1 });
  return again.some(({ key }) => key.path === row.key.path);
}

async function namedBlobs(
  db: Database,
  what: { kind: CheckedKind; after: string; limit: number; guid?: string },
): Promise<Named[]> {
  const { kind, after, limit, guid } = what;
  switch (kind) {
    case "packages": {
      let query = db
        .selectFrom("packages")
        .select(["guid", "sha256"])
        .where("type", "=", "bits")
        .where("state", "=", "READY");
      if (guid !== undefined) query = query.where("guid", "=", guid);
      const rows = await query.where("guid", ">", after).orderBy("guid").limit(limit).execute();
      return rows.map((row) => ({
        guid: row.guid,
        sha256: row.sha256 ?? "",
        key: packageBlob(row.guid),
      }));
    }
    case "droplets": {
      let query = db
        .selectFrom("droplets")
        .select(["guid", "sha1", "sha256"])
        .where("state", "=", "STAGED")
        .where("sha1", "is not", null);
      if (guid !== undefined) query = query.where("guid", "=", guid);
      const rows = await query.where("guid", ">", after).orderBy("guid").limit(limit).execute();
      return rows.map((row) => ({
        guid: row.guid,
        sha256: row.sha256 ?? "",
        key: dropletBlob(row.guid, row.sha1 ?? ""),
      }));
    }
    case "buildpacks": {
      let query = db
        .selectFrom("buildpacks")
        .select(["guid", "sha256"])
        .where("sha256", "is not", null);
      if (guid !== undefined) query = query.where("guid", "=", guid);
      const rows = await query.where("guid", ">", after).orderBy("guid").limit(limit).execute();
      return rows.map((row) => ({
        guid: row.guid,
        sha256: row.sha256 ?? "",
        key: buildpackBlob(buildpackKey(row)),
      }));
    }
    case "packs": {
      let query = db.selectFrom("resourcePacks").select("guid").where("state", "=", "SEALED");
      if (guid !== undefined) query = query.where("guid", "=", guid);
      const rows = await query.where("guid", ">", after).orderBy("guid").limit(limit).execute();
      return rows.map((row) => ({
        guid: row.guid,
        sha256: undefined,
        key: resourcePackBlob(row.guid),
      }));
    }
  }
}

async function faultOf(
  blobstore: Blobstore,
  { key, sha256 }: Named,
  content: boolean,
): Promise<BlobFault["fault"] | undefined> {
  if (!content) return (await blobstore.stat(key)) === undefined ? "missing" : undefined;
  const digest = createHash("sha256");
  try {
    for await (const chunk of await blobstore.get(key)) digest.update(chunk);
  } catch (error) {
    if (error instanceof BlobNotFound) return "missing";
    if (error instanceof BlobCorrupt) return "corrupt";
    throw error;
  }
  return sha256 === undefined || digest.digest("hex") === sha256 ? undefined : "corrupt";
}
