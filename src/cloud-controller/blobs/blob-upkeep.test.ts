import assert from "node:assert/strict";
import { open, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { BlobKey } from "#blobstore/blobstore.ts";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { buildpackCacheBlob, dropletBlob, packageBlob, resourcePackBlob } from "./blob-keys.ts";

/** A Cloud Controller with an app and one staged droplet, whose blob is there. */
async function withDroplet() {
  const controller = await TestCloudController.start();
  const admin = await controller.admin();
  const created = await admin.post("/v3/organizations", { name: "org" });
  const space = await admin.post("/v3/spaces", {
    name: "space",
    relationships: { organization: { data: { guid: created.json.guid } } },
  });
  const app = await admin.post("/v3/apps", {
    name: "app",
    relationships: { space: { data: { guid: space.json.guid } } },
  });
  const droplet = await admin.post("/v3/droplets", {
    relationships: { app: { data: { guid: app.json.guid } } },
  });
  const directory = path.join(controller.directory, "blobs");
  const blobstore = await openDiskBlobstore({ directory, minimumFreeBytes: 0 });
  const info = await blobstore.put(
    ({ sha1 }) => dropletBlob(droplet.json.guid, sha1),
    Readable.from(["the droplet"]),
  );
  const db = await controller.openDatabase();
  await db
    .updateTable("droplets")
    .set({ state: "STAGED", sha1: info.sha1, sha256: info.sha256 })
    .where("guid", "=", droplet.json.guid)
    .execute();
  await db.destroy();
  const key = dropletBlob(droplet.json.guid, info.sha1);
  return {
    controller,
    admin,
    blobstore,
    key,
    dropletGuid: String(droplet.json.guid),
    fileOf: (of: BlobKey) => path.join(directory, of.bucket, of.path),
    [Symbol.asyncDispose]: () => controller[Symbol.asyncDispose](),
  };
}

test("a row whose blob is there has no fault, one that is gone is missing, one that has changed is corrupt", async () => {
  await using parts = await withDroplet();
  const { admin, key, dropletGuid } = parts;
  const fault = (what: string) => ({ kind: "droplets", guid: dropletGuid, ...key, fault: what });
  const check = async (query: string) =>
    (await admin.get(`/rivera/v1/blob_rows?kind=droplets${query}`)).json;

  assert.deepEqual(await check(""), { checked: 1, faults: [], next: null });
  assert.deepEqual(await check("&content=true"), { checked: 1, faults: [], next: null });
  assert.deepEqual(await check(`&after=${dropletGuid}`), { checked: 0, faults: [], next: null });
  {
    await using file = await open(parts.fileOf(key), "r+");
    await file.write("THE");
  }
  assert.deepEqual((await check("")).faults, []);
  assert.deepEqual((await check("&content=true")).faults, [fault("corrupt")]);
  await rm(parts.fileOf(key));
  assert.deepEqual((await check("")).faults, [fault("missing")]);
  assert.deepEqual((await check("&content=true")).faults, [fault("missing")]);
});

/** A pack of the resource cache, and its row. */
async function withPack(
  { controller, blobstore }: Awaited<ReturnType<typeof withDroplet>>,
  guid: string,
): Promise<BlobKey> {
  const db = await controller.openDatabase();
  const changedAt = new Date().toISOString();
  await db
    .insertInto("resourcePacks")
    .values({ guid, state: "SEALED", size: 8, liveBytes: 8, changedAt })
    .execute();
  await db.destroy();
  await blobstore.put(resourcePackBlob(guid), Readable.from(["the pack"]));
  return resourcePackBlob(guid);
}

test("of a pack of matched files a lost or changed blob is told as well", async () => {
  await using parts = await withDroplet();
  const guid = "0a000000-0000-4000-8000-000000000002";
  const key = await withPack(parts, guid);
  const check = async (content: boolean) =>
    (await parts.admin.get(`/rivera/v1/blob_rows?kind=packs&content=${content}`)).json;
  const fault = (what: string) => ({ kind: "packs", guid, ...key, fault: what });

  assert.deepEqual(await check(true), { checked: 1, faults: [], next: null });
  const file = parts.fileOf(key);
  const changedAt = new Date(Math.round((await stat(file)).mtimeMs));
  await writeFile(file, "THE PACK");
  // A disk that spoils a byte leaves the times as they were.
  await utimes(file, changedAt, changedAt);
  assert.deepEqual((await check(true)).faults, [fault("corrupt")]);
  await rm(file);
  assert.deepEqual((await check(false)).faults, [fault("missing")]);
});

test("blobs that no row names are told, and removed on demand, once they are older than the grace", async () => {
  await using parts = await withDroplet();
  const { admin, blobstore } = parts;
  const folder = parts.key.path.slice(0, 2);
  const orphan = packageBlob(`${folder}000000-0000-4000-8000-000000000000`);
  const cache = buildpackCacheBlob("some-app", "cflinuxfs4");
  const lostPack = resourcePackBlob(`${folder}000000-0000-4000-8000-000000000001`);
  const pack = await withPack(parts, `${folder}000000-0000-4000-8000-000000000002`);
  for (const key of [orphan, cache, lostPack]) await blobstore.put(key, Readable.from(["x"]));
  const url = `/rivera/v1/orphaned_blobs?folder=${folder}`;
  const orphans = [orphan, lostPack].map((key) => ({ ...key, size: 1 }));
  const expected = { checked: 4, orphans };

  assert.deepEqual((await admin.get(url)).json, { checked: 4, orphans: [] });
  assert.deepEqual((await admin.delete(url)).json, { checked: 4, orphans: [] });
  assert.deepEqual((await admin.get(`${url}&grace=0`)).json, expected);
  assert.notEqual(await blobstore.stat(orphan), undefined);
  assert.deepEqual((await admin.delete(`${url}&grace=0`)).json, expected);
  const isThere = async (key: BlobKey) => (await blobstore.stat(key)) !== undefined;
  assert.deepEqual(await Promise.all([orphan, lostPack].map(isThere)), [false, false]);
  assert.deepEqual(await Promise.all([parts.key, cache, pack].map(isThere)), [true, true, true]);
});

test("who is no administrator may not look after blobs, and a wrong query is refused", async () => {
  await using parts = await withDroplet();
  const { admin, controller } = parts;
  const user = await controller.as({
    userGuid: "user",
    scopes: ["cloud_controller.read", "cloud_controller.write"],
  });

  for (const url of ["/rivera/v1/blob_rows?kind=droplets", "/rivera/v1/orphaned_blobs?folder=00"]) {
    assert.equal((await user.get(url)).status, 403, url);
  }
  assert.equal((await user.delete("/rivera/v1/orphaned_blobs?folder=00")).status, 403);
  for (const query of [
    "blob_rows",
    "blob_rows?kind=apps",
    "blob_rows?kind=droplets&content=1",
    "orphaned_blobs",
    "orphaned_blobs?folder=..",
    "orphaned_blobs?folder=00&grace=-1",
    "orphaned_blobs?folder=00&more=1",
  ]) {
    const answer = await admin.get(`/rivera/v1/${query}`);
    assert.deepEqual([answer.status, answer.json.errors[0].code], [400, 10005], query);
  }
});

test("a download of a droplet goes on where it broke off, and a corrupt one is an error", async () => {
  await using parts = await withDroplet();
  const { admin, key, dropletGuid } = parts;
  const url = `/v3/droplets/${dropletGuid}/download`;
  const location = String((await admin.get(url)).headers["location"]);
  const download = (headers: Record<string, string>) => fetch(location, { headers });

  const whole = await download({});
  assert.deepEqual([whole.status, await whole.text()], [200, "the droplet"]);
  assert.equal(whole.headers.get("accept-ranges"), "bytes");
  const rest = await download({ range: "bytes=4-" });
  assert.deepEqual(
    [rest.status, rest.headers.get("content-range"), await rest.text()],
    [206, "bytes 4-10/11", "droplet"],
  );
  const beyond = await download({ range: "bytes=11-" });
  assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, "bytes */11"]);
  const conditional = await download({ range: "bytes=4-", "if-range": '"some-tag"' });
  assert.deepEqual([conditional.status, await conditional.text()], [200, "the droplet"]);

  const { atime, mtime } = await stat(parts.fileOf(key));
  {
    await using file = await open(parts.fileOf(key), "r+");
    await file.write("THE");
  }
  await utimes(parts.fileOf(key), atime, mtime);
  const corrupt = await download({});
  assert.deepEqual([corrupt.status, (await corrupt.text()).includes("droplet")], [500, false]);
});
