import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { cellPresence } from "#diego/models/model-builders.ts";
import { CellPresences } from "./cell-presences.ts";
import { ConvergenceSignal } from "./convergence/convergence-signal.ts";

function presences() {
  const clock = new FakeClock();
  const convergence = new ConvergenceSignal();
  const asked: string[] = [];
  convergence.listen((reason) => asked.push(reason));
  const logger = new RecordingLogger();
  const cells = new CellPresences({ clock, logger, convergence, graceMs: 15_000 });
  return { clock, cells, asked };
}

test("a cell is there until its last heartbeat is a TTL old", async () => {
  const { clock, cells: registry, asked } = presences();
  await using cells = registry;
  cells.heartbeat(cellPresence("cell-a"), 15_000);
  await clock.advance(10_000);
  cells.heartbeat(cellPresence("cell-a"), 15_000);
  await clock.advance(14_999);
  assert.equal(cells.cell("cell-a")?.cellId, "cell-a");

  await clock.advance(1);

  assert.equal(cells.cell("cell-a"), undefined);
  assert.deepEqual(cells.list(), []);
  assert.deepEqual(asked, ["cell-appeared", "cells-complete", "cell-disappeared"]);
});

test("a cell that withdraws is gone at once", async () => {
  const { cells: registry, asked } = presences();
  await using cells = registry;
  cells.heartbeat(cellPresence("cell-a"), 15_000);
  cells.withdraw("cell-a");
  cells.withdraw("cell-b");

  assert.deepEqual(cells.list(), []);
  assert.deepEqual(asked, ["cell-appeared", "cell-disappeared"]);
});

test("a cell that comes back is watched again", async () => {
  const { clock, cells: registry, asked } = presences();
  await using cells = registry;
  for (let time = 0; time < 2; time += 1) {
    cells.heartbeat(cellPresence("cell-a"), 15_000);
    await clock.advance(15_000);
  }

  assert.deepEqual(
    asked.filter((reason) => reason !== "cells-complete"),
    ["cell-appeared", "cell-disappeared", "cell-appeared", "cell-disappeared"],
  );
});

test("a heartbeat may change what a cell says of itself", async () => {
  const { cells: registry } = presences();
  await using cells = registry;
  cells.heartbeat(cellPresence("cell-a"), 15_000);
  cells.heartbeat(cellPresence("cell-a", { zone: "z2" }), 15_000);
  assert.equal(cells.cell("cell-a")?.zone, "z2");
});

test("the set of cells is complete one grace after the start, not before", async () => {
  const { clock, cells: registry } = presences();
  await using cells = registry;
  assert.equal(cells.cellSet().isComplete, false);
  await clock.advance(15_000);
  assert.equal(cells.cellSet().isComplete, true);
});
