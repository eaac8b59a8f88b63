import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { hash } from "node:crypto";
import path from "node:path";
import { sql } from "kysely";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { newRecord } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { UploadWorkspaces } from "../packages/upload-workspaces.ts";
import { isOneOf } from "../http/page.ts";
import { buildpackBlob } from "../blobs/blob-keys.ts";
import { storeBuildpackBits } from "./buildpack-bits.ts";
import { moveBuildpack } from "./buildpack-positions.ts";
import { buildpackKey, type Buildpack } from "./buildpack-table.ts";
import { detectionOrder } from "./detection-order.ts";
import { zipFolder } from "./zip-folder.ts";

/**
 * Installs the buildpacks that come with Rivera, at every start: what is missing is added to the list, before those that
 * come after it in our order, what has changed replaces its former self, what an operator has uploaded under such a name
 * stays.
 */
export async function installShippedBuildpacks(
  context: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly workspaces: UploadWorkspaces;
    readonly jobs: Jobs;
    readonly stagingTimeoutMs: number;
  },
  directory: string,
): Promise<void> {
  const workspace = await context.workspaces.create();
  try {
    for (const name of detectionOrder) {
      const folder = path.join(directory, name);
      if (!existsSync(folder)) continue;
      const zip = path.join(workspace, `${name}.zip`);
      await zipFolder(folder, zip);
      await install(context, name, zip);
    }
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

async function install(
  context: Parameters<typeof installShippedBuildpacks>[0],
  name: string,
  zip: string,
): Promise<void> {
  const { db, blobstore, logger } = context;
  const sha256 = hash("sha256", await readFile(zip), "hex");
  const found = await db
    .selectFrom("buildpacks")
    .selectAll()
    .where("name", "=", name)
    .where("lifecycle", "=", "buildpack")
    .execute();
  const present = found.find(({ shippedSha256 }) => shippedSha256 !== null) ?? found[0];
  if (present !== undefined && present.shippedSha256 === null && present.filename !== null) return;
  const isStored =
    present?.shippedSha256 === sha256 &&
    (await blobstore.stat(buildpackBlob(buildpackKey(present)))) !== undefined;
  if (isStored) return;
  const buildpack = present ?? (await create(context, name));
  const filename = `${name}-rivera.zip`;
  await storeBuildpackBits(context, buildpack, { path: zip, filename, isShipped: true });
  logger.info("buildpack-installed", { name, sha256 });
}

async function create(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  name: string,
): Promise<Buildpack> {
  return await db.transaction().execute(async (tx) => {
    const created = await tx
      .insertInto("buildpacks")
      .values({
        ...newRecord(clock),
        name,
        stack: null,
        lifecycle: "buildpack",
        position: 0,
        enabled: 1,
        locked: 0,
        filename: null,
        sha256: null,
        shippedSha256: null,
        toolchains: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await moveBuildpack(tx, created, await positionFor(tx, name));
    return created;
  });
}

/** Of the first buildpack in the list that our order has after this one; else the end. */
async function positionFor(tx: Executor, name: string): Promise<number> {
  const following = await tx
    .selectFrom("buildpacks")
    .select("position")
    .where(isOneOf(sql.ref("name"), detectionOrder.slice(detectionOrder.indexOf(name) + 1)))
    .where("lifecycle", "=", "buildpack")
    .where("position", ">", 0)
    .orderBy("position")
    .executeTakeFirst();
  return following?.position ?? Number.MAX_SAFE_INTEGER;
}
