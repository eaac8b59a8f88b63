import { closeSync, openSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { toolchainNamePattern } from "#diego/models/root-fs.ts";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { buildpackBlob } from "../blobs/blob-keys.ts";
import { isUniqueViolation, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { ReceivedUpload } from "../packages/receive-upload.ts";
import { InvalidZip } from "../packages/zip/invalid-zip.ts";
import { readContent } from "../packages/zip/zip-content.ts";
import { readZipDirectory } from "../packages/zip/zip-directory.ts";
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

const maximumManifestBytes = 1024 * 1024;
const maximumEntries = 200_000;
const manifestSchema = z.object({ stack: z.string().optional() });
/** Apart from the rest, which is Cloud Foundry's: what is wrong here is told, whatever the rest is like. */
const ourManifestSchema = z.object({
  rivera: z
    .object({ toolchains: z.array(z.string().regex(toolchainNamePattern)).max(50) })
    .optional(),
});

interface Manifest {
  readonly stack?: string | undefined;
  readonly toolchains?: readonly string[] | undefined;
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
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new CfError(
        "BuildpackNameStackLifecycleTaken",
        `The buildpack name ${buildpack.name} is already in use for the stack ${stack} and the lifecycle ${buildpack.lifecycle}`,
        { cause: error },
      );
    });
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

/** @throws 422 where the zip or its manifest cannot be read */
async function readManifest(path: string): Promise<Manifest> {
  const fd = openSync(path, "r");
  try {
    const { entries } = readZipDirectory(fd, { maxEntries: maximumEntries });
    const entry = entries.find(({ name, kind }) => name === "manifest.yml" && kind === "file");
    if (entry === undefined || entry.size > maximumManifestBytes) return {};
    const { inMemory } = await readContent(fd, entry, await dataOffsetOf(path, entry));
    const manifest: unknown = parse(inMemory?.toString("utf8") ?? "");
    const ours = ourManifestSchema.safeParse(manifest ?? {});
    if (!ours.success) {
      throw new CfError(
        "BuildpackZipError",
        "Buildpack zip error: manifest.yml: rivera.toolchains must be a list of names, such as [node]",
      );
    }
    return {
      stack: manifestSchema.safeParse(manifest).data?.stack,
      toolchains: ours.data.rivera?.toolchains,
    };
  } catch (error) {
    if (!(error instanceof InvalidZip)) throw error;
    throw new CfError("BuildpackZipError", `Buildpack zip error: ${error.message}`, {
      cause: error,
    });
  } finally {
    closeSync(fd);
  }
}

/** Behind the local header, whose extra field has a length of its own. */
async function dataOffsetOf(
  path: string,
  entry: { readonly localHeaderOffset: number },
): Promise<number> {
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, entry.localHeaderOffset + 26);
    const [name, extra] = [buffer.readUInt16LE(0), buffer.readUInt16LE(2)];
    return entry.localHeaderOffset + 30 + name + extra;
  } finally {
    await file.close();
  }
}
