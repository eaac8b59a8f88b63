import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { BlobNotFound } from "#blobstore/blobstore.ts";
import { resourcePackBlob } from "../blobs/blob-keys.ts";
import { ResourceCacheBed, sha1Of } from "../testing/resource-cache-bed.ts";
import { expireFiles } from "./resource-expiry.ts";

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

async function packsOnDisk(bed: ResourceCacheBed): Promise<number> {
  const names = await readdir(path.join(bed.directory, "blobs"), {
    recursive: true,
    withFileTypes: true,
  });
  return names.filter((name) => name.isFile() && !name.parentPath.includes(".checksums")).length;
}

test("an organization gets back what it brought, and nothing of another one's", async () => {
  await using bed = await ResourceCacheBed.open();
  await bed.bring("ours", [{ content: "one" }, { content: "two" }]);
  await bed.bring("theirs", [{ content: "secret" }]);

  assert.deepEqual(await bed.contents("ours", ["two", "secret", "one"]), ["two", undefined, "one"]);
  assert.deepEqual(await bed.contents("theirs", ["one", "secret"]), [undefined, "secret"]);
});

test("what two organizations bring is stored once and belongs to both", async () => {
  await using bed = await ResourceCacheBed.open();
  await bed.bring("ours", [{ content: "shared" }]);
  await bed.bring("theirs", [{ content: "shared" }]);

  assert.equal(await packsOnDisk(bed), 1);
  assert.deepEqual(await bed.contents("ours", ["shared"]), ["shared"]);
  assert.deepEqual(await bed.contents("theirs", ["shared"]), ["shared"]);
});

test("a file of another content and the same SHA-1 replaces nothing: neither is matched any more", async () => {
  await using bed = await ResourceCacheBed.open();
  await bed.bring("ours", [{ content: "good" }]);
  await bed.bring("theirs", [{ content: "evil", sha1: sha1Of("good") }]);
  assert.deepEqual(await bed.contents("ours", ["good"]), ["good"]);

  await bed.bring("ours", [{ content: "evil", sha1: sha1Of("good") }]);

  assert.deepEqual(await bed.contents("ours", ["good"]), [undefined]);
  assert.deepEqual(await bed.contents("theirs", ["good"]), ["evil"]);
});

test("a pack whose blob is lost is forgotten, so that the next push brings its files again", async () => {
  await using bed = await ResourceCacheBed.open();
  await bed.bring("ours", [{ content: "lost" }]);
  const { guid } = await bed.db
    .selectFrom("resourcePacks")
    .select("guid")
    .executeTakeFirstOrThrow();
  await bed.blobstore.delete(resourcePackBlob(guid));

  await assert.rejects(bed.contents("ours", ["lost"]), BlobNotFound);

  assert.deepEqual(await bed.contents("ours", ["lost"]), [undefined]);
  await bed.bring("ours", [{ content: "lost" }]);
  assert.deepEqual(await bed.contents("ours", ["lost"]), ["lost"]);
});

test("files that no package uses for a month go with their blobs, used ones stay", async () => {
  await using bed = await ResourceCacheBed.open();
  await bed.bring("ours", [{ content: "used" }]);
  await bed.bring("ours", [{ content: "idle" }]);
  await bed.pass(29 * dayMs);
  await bed.contents("ours", ["used"]);
  await bed.keepUp();
  await bed.pass(2 * dayMs);

  const expired = await bed.keepUp();
  await bed.pass(2 * hourMs);
  const reclaimed = await bed.keepUp();

  assert.deepEqual(expired, { mib: "1/10240", used: 0, expired: 1, compacted: 1, reclaimed: 0 });
  assert.deepEqual(reclaimed, { mib: "1/10240", used: 0, expired: 0, compacted: 0, reclaimed: 1 });
  assert.deepEqual(await bed.contents("ours", ["used", "idle"]), ["used", undefined]);
  assert.equal(await packsOnDisk(bed), 1);
});

test("beyond its size the cache loses what was used the longest ago, but nothing of the last hours", async () => {
  await using bed = await ResourceCacheBed.open({ maximumBytes: 10 });
  await bed.bring("ours", [{ content: "oldest" }]);
  await bed.pass(dayMs);
  await bed.bring("ours", [{ content: "older" }]);
  await bed.pass(dayMs);
  await bed.bring("ours", [{ content: "newest, larger than the limit alone" }]);

  const { expired } = await bed.keepUp();

  assert.equal(expired, 2);
  const asked = ["oldest", "older", "newest, larger than the limit alone"];
  assert.deepEqual(await bed.contents("ours", asked), [undefined, undefined, asked[2]]);
});

test("a pack that is half dead is rewritten with what lives, and read right before and after", async () => {
  await using bed = await ResourceCacheBed.open();
  const files = Array.from({ length: 40 }, (_, index) => `file number ${index}`);
  await bed.bring(
    "ours",
    files.map((content) => ({ content })),
  );
  const living = files.filter((_, index) => index % 4 === 1);
  await bed.pass(29 * dayMs);
  await bed.contents("ours", living);
  await bed.keepUp();
  await bed.pass(2 * dayMs);

  assert.deepEqual(await bed.keepUp(), {
    mib: "1/10240",
    used: 0,
    expired: 30,
    compacted: 1,
    reclaimed: 0,
  });

  assert.deepEqual(await bed.contents("ours", living), living);
  await bed.pass(2 * hourMs);
  assert.equal((await bed.keepUp()).reclaimed, 1);
  assert.deepEqual(await bed.contents("ours", living), living);
  const [pack, ...more] = await bed.db.selectFrom("resourcePacks").selectAll().execute();
  assert.equal(more.length, 0);
  assert.equal(pack?.size, living.join("").length);
  assert.equal(pack.liveBytes, pack.size);
});

test("many small packs become one", async () => {
  await using bed = await ResourceCacheBed.open();
  const files = Array.from({ length: 20 }, (_, index) => `push ${index}`);
  for (const content of files) await bed.bring("ours", [{ content }]);
  await bed.pass(2 * hourMs);

  assert.equal((await bed.keepUp()).compacted, 20);
  await bed.pass(2 * hourMs);
  assert.equal((await bed.keepUp()).reclaimed, 20);

  assert.deepEqual(await bed.contents("ours", files), files);
  assert.equal(await packsOnDisk(bed), 1);
});

for (const [what, contents] of [
  ["half dead", ["lives", "is idle", "is idle, too"]],
  ["dead", ["is idle", "is idle, too"]],
] as const) {
  test(`a round of upkeep that is stopped begins nothing more, and the next one does it: a pack is ${what}`, async () => {
    await using bed = await ResourceCacheBed.open();
    await bed.bring("ours", [{ content: "of a pack to be reclaimed" }]);
    await bed.pass(31 * dayMs);
    await bed.keepUp();
    await bed.bring(
      "ours",
      contents.map((content) => ({ content })),
    );
    await bed.pass(29 * dayMs);
    await bed.contents("ours", ["lives"]);
    await bed.cache.noteUses();
    await bed.pass(2 * dayMs);

    const beforeExpiry = await bed.keepUp(AbortSignal.abort());
    const expired = await expireFiles(bed, new AbortController().signal);
    const beforeCompaction = await bed.keepUp(AbortSignal.abort());
    const next = await bed.keepUp();

    const done = { expired: 0, compacted: 0, reclaimed: 0 };
    assert.partialDeepStrictEqual(beforeExpiry, done);
    assert.equal(expired, 2);
    assert.partialDeepStrictEqual(beforeCompaction, done);
    assert.partialDeepStrictEqual(next, { expired: 0, compacted: 1, reclaimed: 1 });
    const left = contents.map((content) => (content === "lives" ? content : undefined));
    assert.deepEqual(await bed.contents("ours", contents), left);
  });
}

test("a blob that a crash left before its rows is reclaimed, one that is being written is not", async () => {
  await using bed = await ResourceCacheBed.open();
  const crashed = bed.packs.write(async (pack) => {
    await bed.blobstore.put(resourcePackBlob(pack), Readable.from([Buffer.from("half")]));
    throw new Error("killed");
  });
  await assert.rejects(crashed, /killed/);

  assert.equal((await bed.keepUp()).reclaimed, 0);
  assert.equal(await packsOnDisk(bed), 1);
  await bed.pass(7 * hourMs);
  assert.equal((await bed.keepUp()).reclaimed, 1);

  assert.equal(await packsOnDisk(bed), 0);
});

test("a pack that was reclaimed while it was being written is given up", async () => {
  await using bed = await ResourceCacheBed.open();

  const written = await bed.packs.write(async (pack) => {
    await bed.pass(7 * hourMs);
    await bed.keepUp();
    const content = Readable.from([Buffer.from("late")]);
    return await bed.blobstore.put(resourcePackBlob(pack), content);
  });

  assert.equal(written, undefined);
  assert.equal(await packsOnDisk(bed), 0);
});
