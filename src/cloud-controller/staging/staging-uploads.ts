import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { findApp } from "../apps/find-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { buildpackCacheBlob, dropletBlob } from "../blobs/blob-keys.ts";
import { findBuild } from "../builds/find-build.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { findDropletOfBuild } from "../droplets/find-droplet.ts";
import { CfError, notFound } from "../http/cf-errors.ts";

interface UploadContext {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly clock: Clock;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Takes the droplet that a staging task has made: it is stored and its checksums are known before the cell gets its
 * answer. The row exists from then on in state STAGING; the task's completion makes it STAGED.
 */
export async function receiveDroplet(
  { db, blobstore, clock }: UploadContext,
  upload: { readonly buildGuid: string; readonly body: Readable; readonly headers: Headers },
): Promise<{ readonly guid: string }> {
  const build = await findBuild(db, upload.buildGuid);
  const app = build === undefined ? undefined : await findApp(db, build.appGuid);
  if (build === undefined || app === undefined) throw notFound("Build");
  if (build.state !== "STAGING") throw new CfError("BadRequest", `Build is already ${build.state}`);
  const earlier = await findDropletOfBuild(db, build.guid);
  const record = newRecord(clock, earlier?.guid);
  const { sha1, sha256 } = await blobstore.put(
    (info) => dropletBlob(record.guid, info.sha1),
    checked(upload.body, upload.headers),
  );
  await db.transaction().execute(async (tx) => {
    if (earlier !== undefined) {
      await tx
        .updateTable("droplets")
        .set({ ...touched(clock), sha1, sha256 })
        .where("guid", "=", earlier.guid)
        .execute();
      return;
    }
    await tx
      .insertInto("droplets")
      .values({
        ...record,
        appGuid: build.appGuid,
        packageGuid: build.packageGuid,
        buildGuid: build.guid,
        state: "STAGING",
        sha1,
        sha256,
        lifecycleType: build.lifecycleType,
        stack: build.stack,
        buildpacks: "[]",
        processTypes: "{}",
        sidecars: "[]",
        executionMetadata: "",
        image: null,
        errorId: null,
        errorDescription: null,
        copiedFrom: null,
        toolchains: null,
      })
      .execute();
    await recordAuditEvent(tx, clock, {
      type: "audit.app.droplet.create",
      actor: {
        guid: build.createdByGuid,
        type: "user",
        name: build.createdByEmail || build.createdByName,
      },
      target: { guid: app.guid, type: "app", name: app.name },
      spaceGuid: app.spaceGuid,
      data: { droplet_guid: record.guid, package_guid: build.packageGuid },
    });
  });
  return { guid: record.guid };
}

/** Takes what staging leaves for the next one; a new one replaces it together with its checksum. */
export async function receiveBuildpackCache(
  { db, blobstore }: UploadContext,
  upload: {
    readonly appGuid: string;
    readonly stack: string;
    readonly body: Readable;
    readonly headers: Headers;
  },
): Promise<void> {
  const { appGuid, stack } = upload;
  if ((await findApp(db, appGuid)) === undefined) throw notFound("App");
  const { sha256 } = await blobstore.put(
    buildpackCacheBlob(appGuid, stack),
    checked(upload.body, upload.headers),
  );
  await db
    .insertInto("buildpackCaches")
    .values({ appGuid, stack, sha256 })
    .onConflict((conflict) => conflict.columns(["appGuid", "stack"]).doUpdateSet({ sha256 }))
    .execute();
}

/** Passes the body on and ends with an error where it is not what its headers say, so that nothing is stored. */
function checked(body: Readable, headers: Headers): Readable {
  const expected = expectedDigests(headers);
  const length = Number(headers["content-length"] ?? Number.NaN);
  if (expected.length === 0 && Number.isNaN(length)) return body;
  return Readable.from(
    (async function* () {
      const digests = expected.map(({ algorithm }) => createHash(algorithm));
      let size = 0;
      for await (const chunk of body) {
        for (const digest of digests) digest.update(chunk);
        size += chunk.length;
        yield chunk;
      }
      const isWhole =
        (Number.isNaN(length) || size === length) &&
        expected.every(({ digest }, index) => digests[index]?.digest().equals(digest) === true);
      if (!isWhole) {
        throw new CfError("StagingError", "Staging error: the content does not match its checksum");
      }
    })(),
    { objectMode: false },
  );
}

/** `Content-MD5` (base64, or hex as Diego's uploader writes it) and `Content-Digest` (RFC 9530). */
function expectedDigests(headers: Headers): { algorithm: string; digest: Buffer }[] {
  const md5 = headers["content-md5"];
  const digests: { algorithm: string; digest: Buffer }[] = [];
  if (typeof md5 === "string" && md5 !== "") {
    const isHex = /^[0-9a-f]{32}$/i.test(md5);
    digests.push({ algorithm: "md5", digest: Buffer.from(md5, isHex ? "hex" : "base64") });
  }
  const field = headers["content-digest"];
  for (const match of String(field ?? "").matchAll(/(sha-256|sha-512)=:([A-Za-z0-9+/=]+):/g)) {
    const [, name = "", value = ""] = match;
    digests.push({ algorithm: name.replace("-", ""), digest: Buffer.from(value, "base64") });
  }
  return digests;
}
