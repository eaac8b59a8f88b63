import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { BlobInfo, Blobstore, KeyOfContent } from "#blobstore/blobstore.ts";
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

interface Content {
  readonly body: Readable;
  /** Holds the content in place of the body, and is taken away. */
  readonly file: string | undefined;
  readonly headers: Headers;
}

/**
 * Takes the droplet that a staging task has made: it is stored and its checksums are known before the cell gets its
 * answer. The row exists from then on in state STAGING; the task's completion makes it STAGED.
 */
export async function receiveDroplet(
  { db, blobstore, clock }: UploadContext,
  upload: Content & { readonly buildGuid: string },
): Promise<{ readonly guid: string }> {
  const build = await findBuild(db, upload.buildGuid);
  const app = build === undefined ? undefined : await findApp(db, build.appGuid);
  if (build === undefined || app === undefined) throw notFound("Build");
  if (build.state !== "STAGING") throw new CfError("BadRequest", `Build is already ${build.state}`);
  const earlier = await findDropletOfBuild(db, build.guid);
  const record = newRecord(clock, earlier?.guid);
  const { sha1, sha256 } = await store(blobstore, upload, (info) =>
    dropletBlob(record.guid, info.sha1),
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
  upload: Content & { readonly appGuid: string; readonly stack: string },
): Promise<void> {
  const { appGuid, stack } = upload;
  if ((await findApp(db, appGuid)) === undefined) throw notFound("App");
  const { sha256 } = await store(blobstore, upload, () => buildpackCacheBlob(appGuid, stack));
  await db
    .insertInto("buildpackCaches")
    .values({ appGuid, stack, sha256 })
    .onConflict((conflict) => conflict.columns(["appGuid", "stack"]).doUpdateSet({ sha256 }))
    .execute();
}

/** Stores what a cell sends, unless it is not what its headers say. */
async function store(
  blobstore: Blobstore,
  { body, file, headers }: Content,
  keyOf: KeyOfContent,
): Promise<BlobInfo> {
  const digests = expectedDigests(headers);
  const checkedKey = (info: BlobInfo) => {
    if (digests.some(({ algorithm, hex }) => algorithm === "sha256" && hex !== info.sha256)) {
      throw mismatch();
    }
    return keyOf(info);
  };
  if (file !== undefined) return await blobstore.putFile(checkedKey, file);
  const length = Number(headers["content-length"] ?? Number.NaN);
  // The store's own checksum is the same as the most usual one.
  const others = digests.filter(({ algorithm }) => algorithm !== "sha256");
  return await blobstore.put(checkedKey, checked(body, { digests: others, length }));
}

interface ExpectedDigest {
  readonly algorithm: "md5" | "sha256" | "sha512";
  readonly hex: string;
}

/** Passes the body on and ends with an error where it is not as told, so that nothing is stored. */
function checked(
  body: Readable,
  expected: { readonly digests: readonly ExpectedDigest[]; readonly length: number },
): Readable {
  const { digests, length } = expected;
  if (digests.length === 0 && Number.isNaN(length)) return body;
  return Readable.from(
    (async function* () {
      const hashes = digests.map(({ algorithm }) => createHash(algorithm));
      let size = 0;
      for await (const chunk of body) {
        for (const hash of hashes) hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
      const isWhole =
        (Number.isNaN(length) || size === length) &&
        digests.every(({ hex }, index) => hashes[index]?.digest("hex") === hex);
      if (!isWhole) throw mismatch();
    })(),
    { objectMode: false },
  );
}

function mismatch(): CfError {
  return new CfError("StagingError", "Staging error: the content does not match its checksum");
}

/** `Content-MD5` (base64, or hex as Diego's uploader writes it) and `Content-Digest` (RFC 9530). */
function expectedDigests(headers: Headers): ExpectedDigest[] {
  const md5 = headers["content-md5"];
  const digests: ExpectedDigest[] = [];
  if (typeof md5 === "string" && md5 !== "") {
    const isHex = /^[0-9a-f]{32}$/i.test(md5);
    digests.push({ algorithm: "md5", hex: isHex ? md5.toLowerCase() : hexOf(md5) });
  }
  const field = String(headers["content-digest"] ?? "");
  for (const [, bits, value = ""] of field.matchAll(/sha-(256|512)=:([A-Za-z0-9+/=]+):/g)) {
    digests.push({ algorithm: bits === "256" ? "sha256" : "sha512", hex: hexOf(value) });
  }
  return digests;
}

function hexOf(base64: string): string {
  return Buffer.from(base64, "base64").toString("hex");
}
