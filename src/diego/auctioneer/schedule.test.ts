import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CellLrp, CellState, CellTask } from "#diego/cell/rep/client.ts";
import { schedule, type LrpAuction } from "./schedule.ts";

const stack = "preloaded:cflinuxfs4";

function cell(cellId: string, overrides: Partial<CellState> = {}): CellState {
  const totalResources = overrides.totalResources ?? {
    memoryMb: 1000,
    diskMb: 1000,
    containers: 100,
  };
  return {
    cellId,
    repUrl: `http://${cellId}`,
    zone: "z1",
    preloadedRootFses: ["cflinuxfs4"],
    availableResources: totalResources,
    totalResources,
    lrps: [],
    tasks: [],
    startingContainerCount: 0,
    evacuating: false,
    placementTags: [],
    optionalPlacementTags: [],
    ...overrides,
  };
}

function lrp(
  processGuid: string,
  index: number,
  options: { memoryMb?: number; diskMb?: number; tags?: string[]; rootFs?: string } = {},
): LrpAuction {
  return {
    processGuid,
    index,
    domain: "cf-apps",
    resource: { memoryMb: options.memoryMb ?? 10, diskMb: options.diskMb ?? 10, maxPids: 0 },
    placementConstraint: { placementTags: options.tags ?? [], rootFs: options.rootFs ?? stack },
  };
}

function running(auction: LrpAuction, instanceGuid = "instance"): CellLrp {
  return { ...auction, instanceGuid };
}

function task(taskGuid: string, memoryMb = 10): CellTask {
  return {
    taskGuid,
    domain: "cf-app-staging",
    resource: { memoryMb, diskMb: 10, maxPids: 0 },
    placementConstraint: { placementTags: [], rootFs: stack },
  };
}

function place(cells: CellState[], lrps: LrpAuction[], tasks: CellTask[] = []) {
  const result = schedule({ cells, startingContainerCountMaximum: 0 }, { lrps, tasks });
  return {
    ...result,
    on: (cellId: string) => {
      const work = result.work.find((candidate) => candidate.cellId === cellId);
      return [
        ...(work?.lrps ?? []).map((won) => `${won.processGuid}.${won.index}`),
        ...(work?.tasks ?? []).map((won) => won.taskGuid),
      ];
    },
    errors: [...result.failedLrps, ...result.failedTasks].map((failure) => failure.placementError),
  };
}

test("a cell takes only the placement tags that it carries, and all that it requires", () => {
  const required = { placementTags: ["a"], optionalPlacementTags: ["b"] };
  const optional = { placementTags: [], optionalPlacementTags: ["b"] };
  const cases: [Partial<CellState>, string[], boolean][] = [
    [required, [], false],
    [required, ["a"], true],
    [required, ["a", "b"], true],
    [required, ["b"], false],
    [required, ["a", "c"], false],
    [{}, [], true],
    [{}, ["a"], false],
    [optional, [], true],
    [optional, ["b"], true],
  ];
  for (const [tags, desired, placed] of cases) {
    const { work } = place([cell("c", tags)], [lrp("app", 0, { tags: desired })]);
    assert.equal(work.length === 1, placed, JSON.stringify([tags, desired]));
  }
});

test("what is laid over a stack narrows no choice of cells", () => {
  for (const rootFs of [`${stack}?toolchains=go,java`, `${stack}?toolchains=`]) {
    const { work } = place([cell("c")], [lrp("app", 0, { rootFs })]);
    assert.equal(work.length, 1, rootFs);
  }
});

test("the placement error names the filter that no cell passes", () => {
  const cases: [CellState[], LrpAuction, string][] = [
    [[], lrp("app", 0), "unable to communicate to compatible cells"],
    [
      [cell("c")],
      lrp("app", 0, { rootFs: "docker:///busybox" }),
      "found no compatible cell for required rootfs",
    ],
    [
      [cell("c", { placementTags: ["iso"] })],
      lrp("app", 0),
      "found no compatible cell with no placement tags",
    ],
    [
      [cell("c")],
      lrp("app", 0, { tags: ["x"] }),
      'found no compatible cell with placement tag "x"',
    ],
    [
      [cell("c")],
      lrp("app", 0, { tags: ["a", "b"] }),
      'found no compatible cell with placement tags "a" and "b"',
    ],
  ];
  for (const [cells, auction, error] of cases) {
    assert.deepEqual(place(cells, [auction]).errors, [error]);
  }
});

test("the error of a shortage names only what every cell is short of", () => {
  const left = (memoryMb: number, diskMb: number, containers = 10) => ({
    availableResources: { memoryMb, diskMb, containers },
  });
  const cases: [CellState[], string][] = [
    [[cell("a", left(5, 100)), cell("b", left(100, 5))], "insufficient resources"],
    [[cell("a", left(5, 100)), cell("b", left(5, 100))], "insufficient resources: memory"],
    [[cell("a", left(5, 5)), cell("b", left(5, 100))], "insufficient resources: memory"],
    [[cell("a", left(5, 5))], "insufficient resources: disk, memory"],
    [[cell("a", left(100, 100, 0))], "insufficient resources: containers"],
  ];
  for (const [cells, error] of cases) {
    assert.deepEqual(place(cells, [lrp("app", 0)]).errors, [error]);
    assert.deepEqual(place(cells, [], [task("t")]).errors, [error]);
  }
});

test("the zone with the fewest instances wins, unless nothing there fits", () => {
  const two = [running(lrp("app", 0), "i0"), running(lrp("app", 1), "i1")];
  const cells = [
    cell("in-1", { zone: "z1", lrps: two }),
    cell("in-2", { zone: "z2", lrps: [running(lrp("app", 2))] }),
    cell("in-3", {
      zone: "z3",
      availableResources: { memoryMb: 0, diskMb: 0, containers: 0 },
    }),
  ];

  assert.deepEqual(place(cells, [lrp("app", 3)]).on("in-2"), ["app.3"]);
});

test("zone balance comes before a lower score", () => {
  const cells = [
    cell("empty", { zone: "z1", lrps: [running(lrp("app", 0))] }),
    cell("full", {
      zone: "z2",
      availableResources: { memoryMb: 10, diskMb: 10, containers: 1 },
      startingContainerCount: 20,
    }),
  ];

  assert.deepEqual(place(cells, [lrp("app", 1)]).on("full"), ["app.1"]);
});

test("a cell with an instance of the process is the last choice in its zone", () => {
  const cells = [
    cell("has-one", { lrps: [running(lrp("app", 0))] }),
    cell("busy", {
      startingContainerCount: 50,
      availableResources: { memoryMb: 20, diskMb: 20, containers: 2 },
    }),
  ];

  assert.deepEqual(place(cells, [lrp("app", 1)]).on("busy"), ["app.1"]);
});

test("tasks go where fewer tasks are, whatever is left there", () => {
  const cells = [
    cell("staging", { tasks: [task("running")] }),
    cell("filled", { availableResources: { memoryMb: 20, diskMb: 20, containers: 2 } }),
  ];

  assert.deepEqual(place(cells, [], [task("t")]).on("filled"), ["t"]);
});

test("first instances are placed before tasks, and tasks before further instances", () => {
  const room = (memoryMb: number) => [
    cell("only", { totalResources: { memoryMb, diskMb: 10_000, containers: 100 } }),
  ];
  const batch: [LrpAuction[], CellTask[]] = [
    [
      lrp("a", 0, { memoryMb: 100 }),
      lrp("b", 0, { memoryMb: 200 }),
      lrp("a", 1, { memoryMb: 100 }),
    ],
    [task("t", 1024)],
  ];

  assert.deepEqual(place(room(200), ...batch).on("only"), ["b.0"]);
  assert.deepEqual(place(room(300), ...batch).on("only"), ["b.0", "a.0"]);
  assert.deepEqual(place(room(1400), ...batch).on("only"), ["b.0", "a.0", "t"]);
  assert.deepEqual(place(room(2000), ...batch).on("only"), ["b.0", "a.0", "a.1", "t"]);
});

test("a batch of first instances alone waits for the tasks", () => {
  const only = cell("only", { totalResources: { memoryMb: 100, diskMb: 1000, containers: 9 } });

  const { on } = place([only], [lrp("a", 0, { memoryMb: 100 })], [task("t", 100)]);

  assert.deepEqual(on("only"), ["t"]);
});

test("beyond the limit of containers in flight nothing more starts", () => {
  const cells = [cell("c", { startingContainerCount: 1 })];

  const { work, failedLrps } = schedule(
    { cells, startingContainerCountMaximum: 2 },
    { lrps: [lrp("a", 0), lrp("b", 0)], tasks: [] },
  );

  assert.equal(work[0]?.lrps.length, 1);
  assert.deepEqual(
    failedLrps.map((failure) => failure.placementError),
    ["waiting to start instance: reached in-flight start limit"],
  );
});

const anyCells = fc.array(
  fc.record({
    zone: fc.constantFrom("z1", "z2", "z3"),
    memoryMb: fc.integer({ min: 0, max: 200 }),
    containers: fc.integer({ min: 0, max: 8 }),
  }),
  { minLength: 1, maxLength: 8 },
);

test("no cell is ever given more than it has, and nothing is lost", () => {
  const anyLrps = fc.array(
    fc.record({ app: fc.integer({ min: 0, max: 4 }), memoryMb: fc.integer({ min: 0, max: 90 }) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(anyCells, anyLrps, (drawnCells, drawnLrps) => {
      const cells = drawnCells.map(({ zone, memoryMb, containers }, at) =>
        cell(`cell-${at}`, { zone, totalResources: { memoryMb, diskMb: 100, containers } }),
      );
      const lrps = drawnLrps.map(({ app, memoryMb }, at) =>
        lrp(`app-${app}`, at, { memoryMb, diskMb: 1 }),
      );

      const { work, failedLrps } = place(cells, lrps);

      for (const { cellId, lrps: won } of work) {
        const total = cells.find((candidate) => candidate.cellId === cellId)?.totalResources;
        assert.ok(total !== undefined);
        assert.ok(won.length <= total.containers);
        assert.ok(won.reduce((sum, each) => sum + each.resource.memoryMb, 0) <= total.memoryMb);
      }
      const placed = work.reduce((sum, { lrps: won }) => sum + won.length, 0);
      assert.equal(placed + failedLrps.length, lrps.length);
    }),
  );
});

test("instances of a process spread evenly over cells that have room", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 30 }),
      (cellCount, instances) => {
        const cells = Array.from({ length: cellCount }, (_, at) => cell(`cell-${at}`));

        const { work } = place(
          cells,
          Array.from({ length: instances }, (_, index) => lrp("app", index)),
        );

        const counts = cells.map(
          ({ cellId }) => work.find((each) => each.cellId === cellId)?.lrps.length ?? 0,
        );
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
      },
    ),
  );
});
