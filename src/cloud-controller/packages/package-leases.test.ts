import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import { migrations } from "../database/migrations/all.ts";
import { newRecord } from "../database/record.ts";
import type { Schema } from "../database/schema.ts";
import { Changes } from "../http/long-poll.ts";
import { addApp } from "../testing/add-app.ts";
import { PackageLeases } from "./package-leases.ts";

// Two processes on one database and one blobstore, `here` and `there`, and time in the test's hands.
async function twoProcesses() {
  const directory = await mkdtemp(path.join(tmpdir(), "package-leases-"));
  const config = await testDatabase(migrations, path.join(directory, "cc.db"));
  const db = await openDatabase<Schema>(config, migrations);
  const blobstore = await openDiskBlobstore({
    directory: path.join(directory, "blobs"),
    minimumFreeBytes: 0,
  });
  const clock = new FakeClock();
  await addApp(db);
  const process = (holder: string) =>
    new PackageLeases({ db, clock, blobstore, changes: new Changes(), holder });
  return {
    db,
    blobstore,
    process,
    here: process("here"),
    there: process("there"),
    async pass(ms: number) {
      const over = clock.sleep(ms);
      await clock.advance(ms);
      await over;
    },
    /** A package that a process has begun to make, with its blob stored already. */
    async begun(by: PackageLeases, state: "PROCESSING_UPLOAD" | "COPYING" = "PROCESSING_UPLOAD") {
      const record = newRecord(clock);
      await db
        .insertInto("packages")
        .values({ ...record, ...by.columns(), appGuid: "app", type: "bits", state, ...nothingYet })
        .execute();
      await store(blobstore, record.guid);
      return record.guid;
    },
    async stateOf(guid: string) {
      const row = await db
        .selectFrom("packages")
        .select("state")
        .where("guid", "=", guid)
        .executeTakeFirst();
      const isStored = (await blobstore.stat(packageBlob(guid))) !== undefined;
      return { state: row?.state, isStored };
    },
    async [Symbol.asyncDispose]() {
      await db.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const nothingYet = {
  sha256: null,
  error: null,
  image: null,
  username: null,
  password: null,
  copiedFrom: null,
};
const failed = { state: "FAILED", isStored: false };
const ready = { state: "READY", sha256: "00", error: null } as const;

test("a process that starts fails what it was making, and leaves alone what another makes", async () => {
  await using bed = await twoProcesses();
  const own = await bed.begun(bed.here);
  const copy = await bed.begun(bed.here, "COPYING");
  const others = await bed.begun(bed.there);

  assert.equal(await bed.process("here").recover(), 2);

  assert.deepEqual(await bed.stateOf(own), failed);
  assert.deepEqual(await bed.stateOf(copy), failed);
  assert.deepEqual(await bed.stateOf(others), { state: "PROCESSING_UPLOAD", isStored: true });
  assert.equal(await bed.there.finish(others, ready), true);
  assert.deepEqual(await bed.stateOf(others), { state: "READY", isStored: true });
});

test("what a process was making that has died is failed by another after a minute, however long a live one takes", async () => {
  await using bed = await twoProcesses();
  const slow = await bed.begun(bed.here);
  const orphaned = await bed.begun(bed.there);

  for (const fails of [0, 0, 1, 0, 0]) {
    await bed.pass(25_000);
    assert.equal(await bed.here.keepUp(), fails);
  }

  assert.deepEqual(await bed.stateOf(slow), { state: "PROCESSING_UPLOAD", isStored: true });
  assert.deepEqual(await bed.stateOf(orphaned), failed);
});

test("who was only slow cannot finish a package that has been failed, and nothing of it stays", async () => {
  await using bed = await twoProcesses();
  const guid = await bed.begun(bed.there);
  await bed.pass(61_000);
  await bed.here.keepUp();
  await store(bed.blobstore, guid);

  assert.equal(await bed.there.finish(guid, ready), false);

  assert.deepEqual(await bed.stateOf(guid), failed);
});

async function store(blobstore: Blobstore, guid: string): Promise<void> {
  await blobstore.put(packageBlob(guid), Readable.from([Buffer.from("bits")]));
}
