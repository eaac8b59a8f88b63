import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { BlobKey } from "#blobstore/blobstore.ts";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { buildpackCacheBlob, dropletBlob, packageBlob } from "../blobs/blob-keys.ts";
import { migrations } from "../database/migrations/all.ts";
import { newRecord } from "../database/record.ts";
import type { Database, Schema } from "../database/schema.ts";
import { addApp } from "../testing/add-app.ts";
import { cleanUp, cleanUpRuns } from "./clean-up-loop.ts";
import { defaultCleanUp, type CleanUpConfig } from "./clean-up-config.ts";
import { foldersOf } from "./orphaned-blobs.ts";

async function addPackage(
  db: Database,
  state: "EXPIRED" | "READY",
  sha256: string | null,
  guid?: string,
) {
  const record = newRecord(new FakeClock(), guid);
  await db
    .insertInto("packages")
    .values({
      ...record,
      appGuid: "app",
      type: "bits",
      state,
      sha256,
      error: null,
      image: null,
      username: null,
      password: null,
      copiedFrom: null,
    })
    .execute();
  return record.guid;
}

async function addBuild(db: Database, state: "STAGED" | "STAGING") {
  const record = newRecord(new FakeClock());
  await db
    .insertInto("builds")
    .values({
      ...record,
      appGuid: "app",
      packageGuid: "p",
      state,
      errorId: null,
      errorDescription: null,
      lifecycleType: "buildpack",
      stack: null,
      buildpacks: "[]",
      toolchains: null,
      stagingMemoryInMb: 1,
      stagingDiskInMb: 1,
      stagingLogRateLimit: -1,
      createdByGuid: "u",
      createdByName: "u",
      createdByEmail: "u",
    })
    .execute();
  return record.guid;
}

async function stage() {
  const folder = await mkdtemp(path.join(tmpdir(), "clean-up-"));
  const db = await openDatabase<Schema>(await testDatabase(migrations), migrations);
  const blobstore = await openDiskBlobstore({ directory: folder, minimumFreeBytes: 0 });
  await addApp(db);
  const context = (clock: FakeClock, config: Partial<CleanUpConfig> = {}) => ({
    db,
    blobstore,
    clock,
    logger: new RecordingLogger(),
    config: { ...defaultCleanUp, ...config },
  });
  return {
    db,
    blobstore,
    context,
    run: (clock: FakeClock, config: Partial<CleanUpConfig> = {}) =>
      cleanUp(context(clock, config), new AbortController().signal),
    async [Symbol.asyncDispose]() {
      await db.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const at = (instant: string) => new FakeClock(new Date(instant));

test("what has expired loses its bits and then its row, with builds beyond an app's hundred", async () => {
  await using parts = await stage();
  const { db, blobstore } = parts;
  const ready = await addPackage(db, "READY", "s");
  const withBits = await addPackage(db, "EXPIRED", "s");
  await addPackage(db, "EXPIRED", null);
  for (const guid of [ready, withBits]) {
    await blobstore.put(packageBlob(guid), Readable.from(["bits"]));
  }
  const staging = await addBuild(db, "STAGING");
  const builds: string[] = [];
  for (let index = 0; index < 102; index += 1) builds.push(await addBuild(db, "STAGED"));

  const removed = await parts.run(at("2030-01-01T12:00:00Z"));

  assert.equal(removed["expired_blob_cleanup"], 1);
  assert.equal(removed["expired_resource_cleanup"], 2);
  assert.equal(removed["prune_completed_builds"], 2);
  const packages = await db.selectFrom("packages").select("guid").orderBy("id").execute();
  assert.deepEqual(
    packages.map(({ guid }) => guid),
    [ready],
  );
  assert.notEqual(await blobstore.stat(packageBlob(ready)), undefined);
  assert.equal(await blobstore.stat(packageBlob(withBits)), undefined);
  const left = await db.selectFrom("builds").select("guid").orderBy("id").execute();
  assert.deepEqual(
    left.map(({ guid }) => guid),
    [staging, ...builds.slice(2)],
  );
});

test("events go after 31 days and finished jobs after 90, as configured, unfinished ones stay", async () => {
  await using parts = await stage();
  const { db } = parts;
  const clock = at("2030-01-01T00:00:00Z");
  for (const [operation, state] of [
    ["old", "COMPLETE"],
    ["failed", "FAILED"],
    ["waits", "PROCESSING"],
  ] as const) {
    const empty = { resourceGuid: null, resourceType: null, userGuid: null };
    await db
      .insertInto("jobs")
      .values({
        ...newRecord(clock),
        ...empty,
        operation,
        state,
        payload: "{}",
        errors: "[]",
        warnings: "[]",
      })
      .execute();
  }
  await recordAuditEvent(db, clock, {
    type: "audit.app.create",
    actor: { guid: "u", type: "user", name: "u" },
    target: { guid: "app", type: "app", name: "app" },
  });

  const after30 = await parts.run(at("2030-01-31T20:00:00Z"));
  const after32 = await parts.run(at("2030-02-02T20:00:00Z"));
  const after50 = await parts.run(at("2030-02-20T02:00:00Z"), { jobDays: 40 });

  assert.equal(after30["audit_events"], 0);
  assert.equal(after32["audit_events"], 1);
  assert.equal(after32["pollable_jobs"], 0);
  assert.equal(after50["pollable_jobs"], 2);
  const left = await db.selectFrom("jobs").select("operation").execute();
  assert.deepEqual(left, [{ operation: "waits" }]);
});

test("a clean-up runs once a day at its time, by one of two processes, and shows its last run", async () => {
  await using parts = await stage();
  const ran = (done: Readonly<Record<string, number>>) => "audit_events" in done;
  await parts.run(at("2030-01-01T12:00:00Z"));

  const early = await parts.run(at("2030-01-01T19:59:00Z"));
  const both = await Promise.all([
    parts.run(at("2030-01-01T20:00:00Z")),
    parts.run(at("2030-01-01T20:00:00Z")),
  ]);
  const again = await parts.run(at("2030-01-02T19:00:00Z"));

  assert.equal(ran(early), false);
  assert.equal(both.filter(ran).length, 1);
  assert.equal(ran(again), false);
  const shown = (await cleanUpRuns(parts.context(at("2030-01-02T19:00:00Z")))).find(
    ({ name }) => name === "audit_events",
  );
  assert.deepEqual(shown, {
    name: "audit_events",
    at: "20:00",
    lastStartedAt: "2030-01-01T20:00:00.000Z",
    lastCompletedAt: "2030-01-01T20:00:00.000Z",
    removed: 0,
    lastError: undefined,
    nextAt: "2030-01-02T20:00:00.000Z",
  });
});

test("an operator's time for one clean-up moves that one alone", async () => {
  await using parts = await stage();
  const times = { ...defaultCleanUp.times, audit_events: "04:15" } as const;
  const ran = async (time: string) => Object.keys(await parts.run(at(time), { times }));
  await ran("2030-01-01T04:15:00Z");

  const atCloudControllersTimes = await ran("2030-01-01T20:00:00Z");
  const atTheOperators = await ran("2030-01-02T04:15:00Z");

  assert.deepEqual(atCloudControllersTimes, ["app_usage_events"]);
  assert(atTheOperators.includes("audit_events"));
  const shown = await cleanUpRuns(parts.context(at("2030-01-02T05:00:00Z"), { times }));
  const [audit] = shown.filter(({ name }) => name === "audit_events");
  assert.deepEqual([audit?.at, audit?.nextAt], ["04:15", "2030-01-03T04:15:00.000Z"]);
});

test("a blob that no row names goes at its third sighting; owned ones, caches and strange shapes stay", async () => {
  await using parts = await stage();
  const { db, blobstore } = parts;
  const put = (key: BlobKey) => blobstore.put(key, Readable.from(["x"]));
  const owned = packageBlob(await addPackage(db, "READY", "s"));
  const orphan = packageBlob("00000000-0000-4000-8000-000000000000");
  const droplet = dropletBlob("01000000-0000-4000-8000-000000000000", "a".repeat(40));
  const saved = packageBlob("02000000-0000-4000-8000-000000000000");
  const cache = buildpackCacheBlob("00000000-0000-4000-8000-000000000000", "cflinuxfs4");
  const strange: BlobKey = { bucket: "cc-packages", path: "00/odd" };
  for (const key of [owned, orphan, droplet, saved, cache, strange]) await put(key);
  const present = async () => {
    const keys = { owned, orphan, droplet, saved, cache, strange };
    const found = await Promise.all(
      Object.entries(keys).map(async ([name, key]) =>
        (await blobstore.stat(key)) === undefined ? [] : [name],
      ),
    );
    return found.flat();
  };
  // Sundays: the first seventh of the names is looked at.
  await parts.run(at("2030-01-06T01:30:00Z"));
  await parts.run(at("2030-01-13T01:30:00Z"));
  const afterTwo = await present();
  await addPackage(db, "READY", "s", "02000000-0000-4000-8000-000000000000");
  await parts.run(at("2030-01-16T01:30:00Z"));
  const midweek = await present();

  await parts.run(at("2030-01-20T01:30:00Z"));

  assert.equal(afterTwo.length, 6);
  assert.equal(midweek.length, 6);
  assert.deepEqual(await present(), ["owned", "saved", "cache", "strange"]);
  const rows = await db.selectFrom("orphanedBlobs").select("path").execute();
  assert.deepEqual(rows, []);
  const events = await db
    .selectFrom("auditEvents")
    .select(["actorGuid", "targetGuid", "targetType"])
    .where("type", "=", "blob.remove_orphan")
    .execute();
  assert.deepEqual(
    events,
    [orphan, droplet].map(({ bucket, path }) => ({
      actorGuid: "system",
      targetGuid: `${bucket}/${path}`,
      targetType: "blob",
    })),
  );
});

test("no orphan is looked for where that is switched off", async () => {
  await using parts = await stage();
  const key = packageBlob("00000000-0000-4000-8000-000000000000");
  await parts.blobstore.put(key, Readable.from(["x"]));

  for (const day of ["06", "13", "20", "27"]) {
    await parts.run(at(`2030-01-${day}T01:30:00Z`), { removeOrphanedBlobs: false });
  }

  assert.notEqual(await parts.blobstore.stat(key), undefined);
});

test("every first byte of a blob's name is looked at on one day of the week", () => {
  const days = Array.from({ length: 7 }, (_, day) => foldersOf(day));

  assert.deepEqual(
    days.map((folders) => [folders[0], folders.at(-1)]),
    [
      ["00", "24"],
      ["25", "48"],
      ["49", "6c"],
      ["6d", "90"],
      ["91", "b4"],
      ["b5", "d8"],
      ["d9", "ff"],
    ],
  );
  assert.equal(new Set(days.flat()).size, 256);
});
