import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { addMs } from "#kernel/clock/clock.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { currentRequestId, forRequest } from "#kernel/http/request-id.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { migrations } from "../database/migrations/all.ts";
import type { Schema } from "../database/schema.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { Changes } from "../http/long-poll.ts";
import { eventually } from "../testing/eventually.ts";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { JobLeases } from "./job-leases.ts";
import { jobKey } from "./job.ts";
import { Jobs } from "./jobs.ts";

test("a job runs to COMPLETE or FAILED with its errors, and forgets its payload", async () => {
  await using parts = await open();
  const { jobs, db } = parts;
  jobs.handle({
    operation: "fine",
    run: async () => ({ warnings: ["beware"] }),
  });
  jobs.handle({
    operation: "refused",
    run: async () => {
      throw unprocessable("one", "two");
    },
  });
  jobs.handle({
    operation: "broken",
    run: async () => {
      throw new Error("secret detail");
    },
  });
  jobs.start();

  const fine = await parts.finished("fine");
  const refused = await parts.finished("refused");
  const broken = await parts.finished("broken");

  assert.equal(fine?.state, "COMPLETE");
  assert.deepEqual(fine?.warnings, ["beware"]);
  assert.deepEqual(
    refused?.errors.map((error) => error.detail),
    ["one", "two"],
  );
  assert.deepEqual(broken?.errors, [
    { code: 10001, title: "UnknownError", detail: "An unknown error occurred." },
  ]);
  const rows = await db.selectFrom("jobs").select("payload").execute();
  assert.deepEqual(new Set(rows.map((row) => row.payload)), new Set(["{}"]));
});

test("a job that a stop interrupted runs again in the next process, for the request that asked for it", async () => {
  await using parts = await open();
  const begun = Promise.withResolvers<void>();
  {
    await using first = parts.another();
    first.handle({
      operation: "slow",
      run: (_job, signal) => {
        begun.resolve();
        return new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason)),
        );
      },
    });
    first.start();
    await forRequest("asked", () => first.enqueue({ operation: "slow", payload: { a: 1 } }));
    await begun.promise;
  }
  const runs: unknown[] = [];
  parts.jobs.handle({
    operation: "slow",
    run: async (job) => {
      runs.push([job.payload, currentRequestId()]);
    },
  });
  const [row] = await parts.db.selectFrom("jobs").selectAll().execute();
  assert.equal(row?.state, "PROCESSING");
  const done = parts.changes.next(jobKey(row?.guid ?? ""), new AbortController().signal);

  parts.jobs.start();
  await done;

  assert.deepEqual(runs, [[{ a: 1 }, "asked"]]);
  assert.equal((await parts.jobs.find(row?.guid ?? ""))?.state, "COMPLETE");
});

test("a poll of a job is held until the job ends, and not when the client says so", async () => {
  await using cc = await TestCloudController.start({ config: { longPollMs: 20_000 } });
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);
  const accepted = await admin.delete(`/v3/spaces/${spaceGuid}`);
  const path = new URL(String(accepted.headers["location"])).pathname;

  const [held, atOnce] = await Promise.all([
    admin.get(path),
    admin.send("GET", path, undefined, { prefer: "wait=0" }),
  ]);

  assert.equal(held.json.state, "COMPLETE");
  assert.ok(["PROCESSING", "COMPLETE"].includes(atOnce.json.state));
  assert.equal((await admin.get("/v3/jobs/nonsense")).status, 404);
});

test("a job names its resource by the singular for as long as that is there", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);
  const space = { resource: { guid: spaceGuid, type: "space" }, operation: "x.y", payload: {} };
  await using db = await cc.openDatabase();
  const jobs = new Jobs({ db, clock: systemClock, logger: cc.logger, changes: new Changes() });
  const { guid } = await jobs.insert(db, space);
  const links = async () =>
    (await admin.send("GET", `/v3/jobs/${guid}`, undefined, { prefer: "wait=0" })).json.links;

  const before = await links();
  await admin.job(await admin.delete(`/v3/spaces/${spaceGuid}`));
  const after = await links();

  assert.deepEqual(before, {
    self: { href: `${cc.url}/v3/jobs/${guid}` },
    space: { href: `${cc.url}/v3/spaces/${spaceGuid}` },
  });
  assert.deepEqual(Object.keys(after), ["self"]);
});

test("what fails by no fault of the user's is tried again after 6 and 21 s, where its kind allows it", async () => {
  const clock = new FakeClock();
  await using parts = await open({ clock });
  const tried: number[] = [];
  const start = clock.now().getTime();
  parts.jobs.handle({
    operation: "unlucky",
    maximumAttempts: 3,
    run: async () => {
      tried.push((clock.now().getTime() - start) / 1000);
      throw new Error("the disk is slow");
    },
  });
  const { guid } = await parts.jobs.insert(parts.db, { operation: "unlucky", payload: {} });
  const state = async () => (await parts.jobs.find(guid))?.state;
  parts.jobs.start();
  await eventually(async () => tried.length === 1 || undefined);
  const waiting = await eventually(async () => {
    const found = await parts.jobs.find(guid);
    return found?.attempts === 1 ? found : undefined;
  });
  assert.equal(waiting.state, "PROCESSING");
  assert.equal(waiting.errors[0]?.title, "UnknownError");

  await eventually(async () => {
    await clock.advance(1_000);
    return (await state()) === "FAILED" || undefined;
  });

  assert.equal(tried.length, 3);
  const [first = 0, second = 0, third = 0] = tried;
  assert.ok(second - first >= 6 && third - second >= 21, String(tried));
});

test("a refusal is final at once, however often the job may be tried", async () => {
  await using parts = await open();
  let tried = 0;
  parts.jobs.handle({
    operation: "refused",
    maximumAttempts: 3,
    run: async () => {
      tried += 1;
      throw unprocessable("no");
    },
  });
  parts.jobs.start();

  const job = await parts.finished("refused");

  assert.equal(job?.state, "FAILED");
  assert.equal(tried, 1);
});

test("a job that takes longer than it may has failed with JobTimeout", async () => {
  const clock = new FakeClock();
  await using parts = await open({ clock, timeoutMs: 60_000 });
  const begun = Promise.withResolvers<void>();
  parts.jobs.handle({
    operation: "endless",
    run: (_job, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        begun.resolve();
      }),
  });
  const { guid } = await parts.jobs.insert(parts.db, { operation: "endless", payload: {} });
  parts.jobs.start();
  await begun.promise;

  await clock.advance(60_000);
  const job = await eventually(async () => {
    const found = await parts.jobs.find(guid);
    return found?.state === "FAILED" ? found : undefined;
  });

  assert.deepEqual(job.errors, [
    { code: 290006, title: "CF-JobTimeout", detail: "The job execution has timed out." },
  ]);
});

test("of several processes on one database each takes other jobs", async () => {
  await using parts = await open();
  const runs: string[] = [];
  const processes = ["one", "two", "three"].map((holder) => {
    const jobs = parts.another({ holder });
    jobs.handle({ operation: "counted", run: async (job) => void runs.push(job.guid) });
    return jobs;
  });
  const guids: string[] = [];
  for (let index = 0; index < 30; index += 1) {
    guids.push((await parts.jobs.insert(parts.db, { operation: "counted", payload: {} })).guid);
  }

  for (const each of processes) each.start();
  await eventually(async () => {
    const open = await parts.db
      .selectFrom("jobs")
      .select("guid")
      .where("state", "=", "PROCESSING")
      .execute();
    return open.length === 0 || undefined;
  });
  for (const each of processes) await each[Symbol.asyncDispose]();

  assert.deepEqual(runs.toSorted(), guids.toSorted());
});

test("the jobs of a process that is dead go to another after a minute, those of a living one do not", async () => {
  const clock = new FakeClock();
  await using parts = await open({ clock });
  const hang = Promise.withResolvers<void>();
  const hanging = parts.another({ holder: "other" });
  hanging.handle({ operation: "slow", run: () => hang.promise });
  const { guid } = await parts.jobs.insert(parts.db, { operation: "slow", payload: {} });
  hanging.start();
  const holder = async () =>
    (await parts.db.selectFrom("jobs").select("lockedBy").where("guid", "=", guid).execute())[0]
      ?.lockedBy;
  await eventually(async () => (await holder()) === "other" || undefined);
  const leases = new JobLeases({ db: parts.db, clock, holder: "me" });

  const lockedAt = async () =>
    (await parts.db.selectFrom("jobs").select("lockedAt").where("guid", "=", guid).execute())[0]
      ?.lockedAt ?? "";
  const begin = clock.now();
  // Time only moves on once the renewal of a while ago is written.
  await eventually(async () => {
    if ((await lockedAt()) > addMs(clock.now(), -25_000).toISOString()) await clock.advance(5_000);
    return clock.now() > addMs(begin, 180_000) || undefined;
  });
  const whileAlive = await leases.take(["slow"]);
  hang.resolve();
  await hanging[Symbol.asyncDispose]();
  await parts.db
    .updateTable("jobs")
    .set({ state: "PROCESSING", lockedBy: "other", lockedAt: clock.now().toISOString() })
    .execute();
  const justDead = await leases.take(["slow"]);
  const later = new FakeClock(addMs(clock.now(), 61_000));
  const taken = await new JobLeases({ db: parts.db, clock: later, holder: "me" }).take(["slow"]);

  assert.equal(whileAlive, undefined);
  assert.equal(justDead, undefined);
  assert.equal(taken?.guid, guid);
});

async function open(options: { readonly clock?: FakeClock; readonly timeoutMs?: number } = {}) {
  const clock = options.clock ?? systemClock;
  const db = await openDatabase<Schema>(await testDatabase(migrations), migrations);
  const changes = new Changes();
  const another = (more: { readonly holder?: string } = {}) =>
    new Jobs({ db, logger: new RecordingLogger(), changes, ...options, ...more, clock });
  const jobs = another();
  return {
    db,
    changes,
    jobs,
    another,
    async finished(operation: string) {
      const job = await jobs.insert(db, { operation, payload: { secret: 1 } });
      const done = changes.next(jobKey(job.guid), new AbortController().signal);
      jobs.activate();
      await done;
      return await jobs.find(job.guid);
    },
    async [Symbol.asyncDispose]() {
      await jobs[Symbol.asyncDispose]();
      await db.destroy();
    },
  };
}
