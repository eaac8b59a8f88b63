import { rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { BlobstoreFull, type Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { findApp } from "../apps/find-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { dropletBlob } from "../blobs/blob-keys.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { CfError } from "../http/cf-errors.ts";
import type { Job } from "../jobs/job.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { findDroplet } from "./find-droplet.ts";

interface DropletWork {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly clock: Clock;
}

/** As Cloud Controller has it. */
const uploadAttempts = 3;

const uploadPayload = z.object({ path: z.string() });
const copyPayload = z.object({ source: z.string() });

/** The long operations on droplets; each may be repeated after a crash. */
export function dropletJobs(work: DropletWork): readonly JobHandler[] {
  return [
    {
      operation: "droplet.upload",
      maximumAttempts: uploadAttempts,
      run: (job) => storeUpload(work, job),
    },
    {
      operation: "droplet.copy",
      run: (job) => copyBits(work, job.resourceGuid ?? "", copyPayload.parse(job.payload).source),
    },
    {
      operation: "droplet.delete",
      run: (job) => remove(work, job),
    },
  ];
}

/** The event stands where the droplet has gone, and there once, however often that is asked for. */
async function remove({ db, blobstore, clock }: DropletWork, job: Job): Promise<void> {
  const guid = job.resourceGuid ?? "";
  const droplet = await findDroplet(db, guid);
  if (droplet === undefined) return;
  if (droplet.sha1) await blobstore.delete(dropletBlob(guid, droplet.sha1));
  await db.transaction().execute(async (tx) => {
    const owner = await findApp(tx, droplet.appGuid);
    const { numDeletedRows } = await tx
      .deleteFrom("droplets")
      .where("guid", "=", guid)
      .executeTakeFirstOrThrow();
    await deleteMetadata(tx, "droplet", [guid]);
    if (numDeletedRows === 0n || owner === undefined) return;
    await recordAuditEvent(tx, clock, {
      type: "audit.app.droplet.delete",
      actor: job.actor,
      target: { guid: owner.guid, type: "app", name: owner.name },
      spaceGuid: owner.spaceGuid,
      data: { droplet_guid: guid },
    });
  });
}

/** Tried again while attempts are left; only then is the droplet FAILED and the upload forgotten. */
async function storeUpload(work: DropletWork, job: Job): Promise<void> {
  const guid = job.resourceGuid ?? "";
  const { path: file } = uploadPayload.parse(job.payload);
  try {
    const { sha1, sha256 } = await work.blobstore.putFile(
      (info) => dropletBlob(guid, info.sha1),
      file,
    );
    await end(work, guid, { state: "STAGED", sha1, sha256 });
  } catch (error) {
    const full = error instanceof BlobstoreFull ? error.message : undefined;
    if (full === undefined && job.attempts + 1 < uploadAttempts) throw error;
    await fail(work, guid, full ?? "the uploaded droplet could not be stored");
    await rm(path.dirname(file), { recursive: true, force: true });
    throw new CfError("BlobstoreError", full ?? [], { cause: error });
  }
  await rm(path.dirname(file), { recursive: true, force: true });
}

async function copyBits(work: DropletWork, guid: string, sourceGuid: string): Promise<void> {
  const source = await findDroplet(work.db, sourceGuid);
  if (source === undefined || source.sha1 === null) {
    return await fail(work, guid, "the source droplet is gone");
  }
  const content = await work.blobstore.get(dropletBlob(source.guid, source.sha1));
  const { sha1, sha256 } = await work.blobstore.put(
    (info) => dropletBlob(guid, info.sha1),
    content,
  );
  await end(work, guid, { state: "STAGED", sha1, sha256 });
}

async function fail(work: DropletWork, guid: string, description: string): Promise<void> {
  await end(work, guid, {
    state: "FAILED",
    sha1: null,
    sha256: null,
    errorId: "BlobstoreError",
    errorDescription: description,
  });
}

async function end(
  { db, clock }: DropletWork,
  guid: string,
  columns: {
    readonly state: "STAGED" | "FAILED";
    readonly sha1: string | null;
    readonly sha256: string | null;
    readonly errorId?: string;
    readonly errorDescription?: string;
  },
): Promise<void> {
  await db
    .updateTable("droplets")
    .set({ ...touched(clock), ...columns })
    .where("guid", "=", guid)
    .execute();
}
