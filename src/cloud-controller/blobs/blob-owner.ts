import type { BlobKey } from "#blobstore/blobstore.ts";
import { buildpackGuid, buildpackKey } from "../buildpacks/buildpack-table.ts";
import type { Database } from "../database/schema.ts";
import { resourcePackBlob } from "./blob-keys.ts";

/**
 * Whether a row names the blob, or is about to. Blobs of a shape that we do not make are somebody's, and so are those of
 * buildpack caches, which no row need name.
 */
export async function hasOwner(db: Database, { bucket, path }: BlobKey): Promise<boolean> {
  if (bucket === "cc-resources") return await isPack(db, path);
  const [, , name = "", sha1, ...more] = path.split("/");
  if (more.length > 0 || name === "") return true;
  if (bucket === "cc-droplets") {
    if (sha1 === undefined) return true;
    const row = await db
      .selectFrom("droplets")
      .select("state")
      .where("guid", "=", name)
      .where((eb) =>
        // Not yet named: the bits are stored before their checksum.
        eb.or([
          eb("sha1", "=", sha1),
          eb("state", "in", ["STAGING", "PROCESSING_UPLOAD", "COPYING"]),
        ]),
      )
      .executeTakeFirst();
    return row !== undefined;
  }
  if (sha1 !== undefined) return true;
  if (bucket === "cc-packages") {
    const row = await db
      .selectFrom("packages")
      .select("guid")
      .where("guid", "=", name)
      .executeTakeFirst();
    return row !== undefined;
  }
  const row = await db
    .selectFrom("buildpacks")
    .select(["guid", "sha256"])
    .where("guid", "=", buildpackGuid(name))
    .executeTakeFirst();
  return row !== undefined && buildpackKey(row) === name;
}

/** The row of a pack comes before its blob, and goes after it. */
async function isPack(db: Database, path: string): Promise<boolean> {
  const guid = path.slice(path.lastIndexOf("/") + 1);
  if (path !== resourcePackBlob(guid).path) return true;
  const row = await db
    .selectFrom("resourcePacks")
    .select("guid")
    .where("guid", "=", guid)
    .executeTakeFirst();
  return row !== undefined;
}
