import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { migrations } from "../database/migrations/all.ts";
import { newRecord } from "../database/record.ts";
import type { Database, Schema } from "../database/schema.ts";
import { expireStaged } from "./expire-staged.ts";

/** The app that everything here belongs to, with what an app belongs to. */
async function addApp(db: Database): Promise<void> {
  const clock = new FakeClock();
  await db
    .insertInto("organizationQuotas")
    .values({ ...newRecord(clock, "quota"), name: "quota", limits: "{}" })
    .execute();
  await db
    .insertInto("organizations")
    .values({ ...newRecord(clock, "org"), name: "org", suspended: 0, quotaGuid: "quota" })
    .execute();
  await db
    .insertInto("spaces")
    .values({ ...newRecord(clock, "space"), name: "space", organizationGuid: "org", allowSsh: 1 })
    .execute();
  await db
    .insertInto("apps")
    .values({
      ...newRecord(clock, "app"),
      name: "app",
      spaceGuid: "space",
      desiredState: "STOPPED",
      dropletGuid: null,
      lifecycleType: "buildpack",
      stack: null,
      buildpacks: "[]",
      environmentVariables: "{}",
      enableSsh: 1,
      revisionsEnabled: 1,
      serviceBindingK8sEnabled: 0,
      fileBasedVcapServicesEnabled: 0,
    })
    .execute();
}

async function addPackage(db: Database, state: "EXPIRED" | "READY", sha256: string | null) {
  const record = newRecord(new FakeClock());
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

test("what has expired and lost its bits goes, with builds beyond an app's hundred", async () => {
  const db = await openDatabase<Schema>(await testDatabase(migrations), migrations);
  await addApp(db);
  const ready = await addPackage(db, "READY", "s");
  const withBits = await addPackage(db, "EXPIRED", "s");
  await addPackage(db, "EXPIRED", null);
  const staging = await addBuild(db, "STAGING");
  const builds: string[] = [];
  for (let index = 0; index < 102; index += 1) builds.push(await addBuild(db, "STAGED"));

  const { removed } = await expireStaged(db);

  assert.equal(removed, 3);
  const packages = await db.selectFrom("packages").select("guid").orderBy("id").execute();
  assert.deepEqual(
    packages.map(({ guid }) => guid),
    [ready, withBits],
  );
  const left = await db.selectFrom("builds").select("guid").orderBy("id").execute();
  assert.deepEqual(
    left.map(({ guid }) => guid),
    [staging, ...builds.slice(2)],
  );
  await db.destroy();
});
