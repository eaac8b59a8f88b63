import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { cellPresence, desiredLrpRequest, runningTask } from "#diego/models/model-builders.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { Auctions } from "../auctions.ts";
import { BackgroundWork } from "../background-work.ts";
import { eventually } from "../bbs-test-bed.ts";
import { CellPresences } from "../cell-presences.ts";
import { ActualLrpRetirement } from "../controllers/actual-lrp-retirement.ts";
import { bbsMigrations } from "../migrations/all.ts";
import { actualLrps } from "../store/actual-lrp-table.ts";
import type { BbsSchema } from "../store/bbs-schema.ts";
import { insertDesiredLrp } from "../store/desired-lrp-table.ts";
import { SingleWriter } from "../store/single-writer.ts";
import { insertTask, tasks } from "../store/task-table.ts";
import { TaskCallbacks } from "../task-callbacks.ts";
import { ConvergenceSignal } from "./convergence-signal.ts";
import { convergeLrps } from "./lrp-convergence.ts";
import { convergeTasks } from "./task-convergence.ts";

/** What a round works with, over a real database. The stop comes once `afterChanges` of its changes have been told. */
async function roundParts(t: TestContext) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const db = await openDatabase<BbsSchema>(await testDatabase(bbsMigrations), bbsMigrations);
  const background = new BackgroundWork({ logger, concurrency: 1, queueSize: 10 });
  const convergence = new ConvergenceSignal();
  const cells = new CellPresences({ clock, logger, convergence, graceMs: 0 });
  t.after(async () => {
    await background[Symbol.asyncDispose]();
    await cells[Symbol.asyncDispose]();
    await db.destroy();
  });
  const stop = { controller: new AbortController(), afterChanges: Number.POSITIVE_INFINITY };
  const emit = () => {
    stop.afterChanges -= 1;
    if (stop.afterChanges === 0) stop.controller.abort();
  };
  const placed: number[] = [];
  const auctioneer = {
    requestLrpAuctions: async (requests: readonly { readonly indices: readonly number[] }[]) =>
      void placed.push(...requests.flatMap(({ indices }) => indices)),
    requestTaskAuctions: async () => undefined,
  };
  const writer = new SingleWriter({ db, lrpEvents: { emit }, taskEvents: { emit } });
  const repClient = () => assert.fail("no cell is asked for anything");
  const shared = { clock, logger, db, writer, cells, convergence, background, repClient };
  return {
    ...shared,
    stop,
    placed,
    guids: () => "a-guid",
    upSince: clock.now(),
    auctions: new Auctions(auctioneer, background),
    retirement: new ActualLrpRetirement(shared),
    callbacks: new TaskCallbacks({ ...shared, fetch: () => assert.fail("nobody is told") }),
    limits: { kickAfterMs: 1, expireCompletedAfterMs: 1, expirePendingAfterMs: 1 },
  };
}

test("a round that is stopped takes no further decision, and one of the next start makes up for all of it", async (t) => {
  const parts = await roundParts(t);
  const { db, cells, clock, placed, stop } = parts;
  const modificationTag = { epoch: "an-epoch", index: 0 };
  await insertDesiredLrp(db, { ...desiredLrpRequest({ instances: 5 }), modificationTag });
  stop.afterChanges = 2;

  await assert.rejects(convergeLrps(parts, stop.controller.signal), { name: "AbortError" });

  assert.equal((await actualLrps(db, {})).length, 2);
  assert.deepEqual(placed, []);
  await clock.advance(1);
  cells.heartbeat(cellPresence("cell-a"), 15_000);
  const startedAgain = { ...parts, upSince: clock.now() };
  await convergeLrps(startedAgain, new AbortController().signal);
  await eventually(() => placed.length > 0);
  assert.deepEqual(placed, [0, 1, 2, 3, 4]);
});

test("a stopped round leaves the tasks that it has not come to as they are, for the next", async (t) => {
  const parts = await roundParts(t);
  const { db, clock, stop } = parts;
  for (const taskGuid of ["one", "two", "three"]) {
    await insertTask(db, runningTask("cell-gone", { taskGuid }));
  }
  const states = async () => (await tasks(db, {})).map(({ state }) => state).toSorted();
  stop.afterChanges = 1;
  await clock.advance(1);

  await assert.rejects(convergeTasks(parts, stop.controller.signal), { name: "AbortError" });

  assert.deepEqual(await states(), ["COMPLETED", "RUNNING", "RUNNING"]);
  await convergeTasks(parts, new AbortController().signal);
  assert.deepEqual(
    (await states()).filter((state) => state === "RUNNING"),
    [],
  );
});
