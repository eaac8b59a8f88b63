import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { expireRecords } from "../database/expire-records.ts";
import { migrations } from "../database/migrations/all.ts";
import type { Schema } from "../database/schema.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { Changes } from "../http/long-poll.ts";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { jobKey, Jobs } from "./jobs.ts";

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

test("a job that a stop interrupted runs again in the next process", async () => {
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
    await first.enqueue({ operation: "slow", payload: { a: 1 } });
    await begun.promise;
  }
  const payloads: unknown[] = [];
  parts.jobs.handle({
    operation: "slow",
    run: async (job) => {
      payloads.push(job.payload);
    },
  });
  const [row] = await parts.db.selectFrom("jobs").selectAll().execute();
  assert.equal(row?.state, "PROCESSING");
  const done = parts.changes.next(jobKey(row?.guid ?? ""), new AbortController().signal);

  parts.jobs.start();
  await done;

  assert.deepEqual(payloads, [{ a: 1 }]);
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

test("audit events go after 31 days and finished jobs after 90, unfinished ones stay", async () => {
  await using parts = await open();
  const { jobs, db } = parts;
  jobs.handle({ operation: "fine", run: async () => undefined });
  jobs.start();
  await parts.finished("fine");
  await jobs.enqueue({ operation: "of a later version", payload: {} });
  const day = 24 * 60 * 60 * 1000;
  const later = (days: number) => new FakeClock(new Date(systemClock.now().getTime() + days * day));

  const early = await expireRecords(db, later(89));
  const late = await expireRecords(db, later(91));

  assert.equal(early.jobs, 0);
  assert.equal(late.jobs, 1);
  const left = await db.selectFrom("jobs").select("operation").execute();
  assert.deepEqual(left, [{ operation: "of a later version" }]);
});

async function open() {
  const db = await openDatabase<Schema>(await testDatabase(migrations), migrations);
  const changes = new Changes();
  const another = () =>
    new Jobs({ db, clock: systemClock, logger: new RecordingLogger(), changes });
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
