import { open, stat } from "node:fs/promises";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { buildpackBlob } from "../blobs/blob-keys.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { ReceivedUpload } from "../packages/receive-upload.ts";
import { readManifest } from "./buildpack-manifest.ts";
import { buildpackKey, type Buildpack } from "./buildpack-table.ts";
import { removeBitsLater } from "./old-bits.ts";

interface BitsContext {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly clock: Clock;
  readonly jobs: Jobs;
  /** How long a staging may run. */
  readonly stagingTimeoutMs: number;
}

const archives = {
  buildpack: 'a zip file. Buildpacks of lifecycle "buildpack" must be valid zip files.',
  cnb: 'a gzip archive or cnb file. Buildpacks of lifecycle "cnb" must be valid gzip archives or cnb files.',
} as const;

/** @throws 422 with all that is wrong with the file */
export async function requireArchive(
  bits: ReceivedUpload["bits"],
  lifecycle: Buildpack["lifecycle"],
): Promise<NonNullable<ReceivedUpload["bits"]>> {
  const faults: string[] = [];
  if (bits === undefined) faults.push("A buildpack zip file must be uploaded as 'bits'");
  else {
    const { path, filename } = bits;
    if (!(await isArchive(path, lifecycle)))
      faults.push(`${filename} is not ${archives[lifecycle]}`);
    if ((await stat(path)).size === 0) faults.push(`${filename} cannot be empty`);
    if (faults.length === 0) return bits;
  }
  throw unprocessable(`Uploaded buildpack file is invalid: ${faults.join(", ")}`);
}

/** By the first bytes: a zip, or for cnb a gzip or a tar. */
async function isArchive(path: string, lifecycle: Buildpack["lifecycle"]): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(265), 0, 265, 0);
    if (lifecycle === "buildpack")
      return buffer.subarray(0, 4).equals(Buffer.from("PK\u0003\u0004"));
    const isGzip = buffer.subarray(0, 3).equals(Buffer.from([0x1f, 0x8b, 0x08]));
    return isGzip || buffer.subarray(257, 265).equals(Buffer.from("ustar\u000000"));
  } finally {
    await file.close();
  }
}

/**
 * Stores the bits of a buildpack under a key of their own; a staging that uses the former ones goes on with them.
 * Takes the stack and the toolchains that it asks for from `manifest.yml` inside.
 *
 * @throws 422 where that stack is not the buildpack's, or does not exist
 */
export async function storeBuildpackBits(
  context: BitsContext,
  buildpack: Buildpack,
  bits: {
    readonly path: string;
    readonly filename: string;
    /** Whether they are those that Rivera ships. */
    readonly isShipped: boolean;
  },
): Promise<void> {
  const { db, blobstore, clock } = context;
  const manifest = buildpack.lifecycle === "cnb" ? {} : await readManifest(bits.path);
  const stack = await stackOf(db, buildpack, manifest.stack);
  const { sha256 } = await blobstore.putFile(
    (info) => buildpackBlob(buildpackKey({ guid: buildpack.guid, sha256: info.sha256 })),
    bits.path,
  );
  await db
    .updateTable("buildpacks")
    .set({
      ...touched(clock),
      stack,
      sha256,
      filename: bits.filename,
      shippedSha256: bits.isShipped ? sha256 : null,
      toolchains: manifest.toolchains === undefined ? null : JSON.stringify(manifest.toolchains),
    })
    .where("guid", "=", buildpack.guid)
    .execute()
    .catch(
      whereTaken(
        () =>
          new CfError(
            "BuildpackNameStackLifecycleTaken",
            `The buildpack name ${buildpack.name} is already in use for the stack ${stack} and the lifecycle ${buildpack.lifecycle}`,
          ),
      ),
    );
  if (buildpack.sha256 === sha256) return;
  await removeBitsLater(context, db, { buildpack, afterMs: context.stagingTimeoutMs });
}

async function stackOf(
  db: Database,
  buildpack: Buildpack,
  found: string | undefined,
): Promise<string | null> {
  if (found === undefined || found === buildpack.stack) return buildpack.stack;
  if (buildpack.stack !== null) {
    throw new CfError(
      "BuildpackStacksDontMatch",
      `Uploaded buildpack stack (${found}) does not match ${buildpack.stack}`,
    );
  }
  const stack = await db
    .selectFrom("stacks")
    .select("name")
    .where("name", "=", found)
    .executeTakeFirst();
  if (stack === undefined) {
    throw new CfError(
      "BuildpackStackDoesNotExist",
      `Uploaded buildpack stack (${found}) does not exist`,
    );
  }
  return found;
}
