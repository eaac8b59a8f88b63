import { closeSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { buildpackBlob } from "../blobs/blob-keys.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { CfError } from "../http/cf-errors.ts";
import { InvalidZip } from "../packages/zip/invalid-zip.ts";
import { readContent } from "../packages/zip/zip-content.ts";
import { readZipDirectory } from "../packages/zip/zip-directory.ts";
import { buildpackKey, type Buildpack } from "./buildpack-table.ts";

interface BitsContext {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly clock: Clock;
}

const maximumManifestBytes = 1024 * 1024;
const maximumEntries = 200_000;
const manifestSchema = z.object({ stack: z.string().optional() });

/** @throws 422 where the file is no zip */
export async function requireZip(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead === 4 && buffer.equals(Buffer.from("PK\u0003\u0004"))) return;
  } finally {
    await file.close();
  }
  throw new CfError("UnprocessableEntity", "Buildpack bits is not a zip file");
}

/**
 * Stores the bits of a buildpack under a key of their own; a staging that uses the former ones goes on with them.
 * Takes the stack from `manifest.yml` inside.
 *
 * @throws 422 where that stack is not the buildpack's, or does not exist
 */
export async function storeBuildpackBits(
  { db, blobstore, clock }: BitsContext,
  buildpack: Buildpack,
  bits: {
    readonly path: string;
    readonly filename: string;
    /** Whether they are those that Rivera ships. */
    readonly isShipped: boolean;
  },
): Promise<void> {
  const stack = await stackOf(db, buildpack, await manifestStack(bits.path));
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
    })
    .where("guid", "=", buildpack.guid)
    .execute();
  if (buildpack.sha256 === null || buildpack.sha256 === sha256) return;
  const staging = await db
    .selectFrom("builds")
    .select("guid")
    .where("state", "=", "STAGING")
    .executeTakeFirst();
  if (staging === undefined) await blobstore.delete(buildpackBlob(buildpackKey(buildpack)));
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
async function manifestStack(path: string): Promise<string | undefined> {
  const fd = openSync(path, "r");
  try {
    const { entries } = readZipDirectory(fd, { maxEntries: maximumEntries });
    const entry = entries.find(({ name, kind }) => name === "manifest.yml" && kind === "file");
    if (entry === undefined || entry.size > maximumManifestBytes) return undefined;
    const { inMemory } = await readContent(fd, entry, await dataOffsetOf(path, entry));
    const manifest: unknown = parse(inMemory?.toString("utf8") ?? "");
    return manifestSchema.safeParse(manifest).data?.stack;
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
