import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import {
  desiredLrpRequest,
  pendingTask,
  runningOn,
  runningTask,
  taskDefinition,
  unclaimedLrp,
} from "#diego/models/model-builders.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { asInternalSecret } from "#kernel/http/internal-auth.ts";
import { forRequest } from "#kernel/http/request-id.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { FakeRuntime } from "../executor/fake-runtime.ts";
import { RecordedLogs } from "../executor/logs/recorded-logs.ts";
import { createRepClient, type CellLrp, type CellTask } from "./client.ts";
import { FakeBbs } from "./fake-bbs.ts";
import { startRep, type Rep } from "./start-rep.ts";

const secret = asInternalSecret("a secret of these tests");
const cellId = "cell-a";

class Cell {
  readonly bbs = new FakeBbs();
  readonly clock = new FakeClock();
  readonly logs = new RecordedLogs();
  readonly logger = new RecordingLogger();
  readonly runtime: FakeRuntime;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.runtime = new FakeRuntime(path.join(directory, "unpacked"));
    this.runtime.programs.set("/tmp/lifecycle/launcher", async ({ terminated }) => {
      await terminated;
      return 143;
    });
    const { processGuid } = desiredLrpRequest();
    const modificationTag = { epoch: "epoch", index: 0 };
    this.bbs.desired.set(processGuid, { ...desiredLrpRequest(), modificationTag });
  }

  async start(): Promise<Rep> {
    return await startRep(
      {
        cellId,
        zone: "z1",
        port: 0,
        secret,
        capacity: { memoryMb: 1024, diskMb: 8192, containers: 10 },
        directory: this.#directory,
      },
      {
        clock: this.clock,
        logger: this.logger,
        bbs: this.bbs,
        runtime: this.runtime,
        logs: this.logs,
      },
    );
  }

  addRow(row: ActualLrp): void {
    this.bbs.rows.set(`${row.key.processGuid}.${row.key.index}`, row);
  }

  stateOf(processGuid: string, index = 0): string | undefined {
    return this.bbs.row(processGuid, index)?.state;
  }
}

async function newCell(t: TestContext): Promise<Cell> {
  const directory = await mkdtemp(path.join(tmpdir(), "rep-"));
  const cell = new Cell(directory);
  t.after(async () => {
    await cell.runtime[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  return cell;
}

const demand = {
  resource: { memoryMb: 256, diskMb: 1024, maxPids: 0 },
  placementConstraint: { placementTags: [], rootFs: "preloaded:cflinuxfs4" },
};

function lrp(index = 0, memoryMb = 256): CellLrp {
  const resource = { ...demand.resource, memoryMb };
  return {
    ...demand,
    processGuid: "web-1",
    index,
    domain: "cf-apps",
    instanceGuid: "",
    resource,
  };
}

function task(taskGuid: string): CellTask {
  return { ...demand, taskGuid, domain: "cf-app-staging" };
}

const clients = createRepClient(secret);

test("an instance is claimed, run and told, and stopped when it is asked for", async (t) => {
  const cell = await newCell(t);
  cell.addRow(unclaimedLrp());
  await using rep = await cell.start();
  const client = clients(rep.url);

  assert.deepEqual(await client.work({ cellId, lrps: [lrp()], tasks: [] }), {
    cellId,
    lrps: [],
    tasks: [],
  });
  await cell.bbs.until(() => cell.stateOf("web-1") === "RUNNING");
  const [container] = cell.runtime.live.values();
  const instanceGuid = container?.handle ?? "";
  assert.match(instanceGuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){4}$/);
  assert.deepEqual((await client.state()).lrps, [{ ...lrp(), instanceGuid }]);

  await client.stopLrpInstance("web-1", instanceGuid);
  // What is on its way to the instance is answered first.
  await cell.clock.advance(1_000);
  await cell.bbs.until(() => cell.bbs.row("web-1") === undefined);

  assert.deepEqual(
    cell.bbs.told.filter((each) => each !== "heartbeat"),
    ["claim web-1.0", "start web-1.0", "remove web-1.0"],
  );
});

test("new metric tags of a running instance are those of its next line, and of its row", async (t) => {
  const cell = await newCell(t);
  cell.addRow(unclaimedLrp());
  await using rep = await cell.start();
  const client = clients(rep.url);
  await client.work({ cellId, lrps: [lrp()], tasks: [] });
  await cell.bbs.until(() => cell.stateOf("web-1") === "RUNNING");
  const [container] = cell.runtime.live.values();
  const instanceGuid = container?.handle ?? "";

  await client.updateLrpInstance("web-1", instanceGuid, { app_name: "renamed" });
  await cell.bbs.until(() => {
    const row = cell.bbs.row("web-1");
    return row?.state === "RUNNING" && row.metricTags["app_name"] === "renamed";
  });
  const before = cell.logs.envelopes.length;
  await client.stopLrpInstance("web-1", instanceGuid);
  await cell.clock.advance(1_000);
  await cell.bbs.until(() => cell.bbs.row("web-1") === undefined);

  const after = cell.logs.envelopes.slice(before).map(({ tags }) => tags);
  assert.ok(after.length > 0);
  assert.deepEqual(new Set(after.map((tags) => tags?.["app_name"])), new Set(["renamed"]));
  // One that has gone is no error.
  await client.updateLrpInstance("web-1", instanceGuid, {});
});

test("an instance that ends by itself has crashed, with its reason", async (t) => {
  const cell = await newCell(t);
  cell.addRow(unclaimedLrp());
  cell.runtime.programs.set("/tmp/lifecycle/launcher", async () => 1);
  await using rep = await cell.start();

  await clients(rep.url).work({ cellId, lrps: [lrp()], tasks: [] });
  await cell.bbs.until(() => cell.stateOf("web-1") === "CRASHED");

  assert.equal(cell.bbs.told.at(-1), "crash web-1.0: APP/PROC/WEB: Exited with status 1");
});

test("an instance whose row belongs to another leaves nothing", async (t) => {
  const cell = await newCell(t);
  cell.addRow(runningOn("b"));
  await using rep = await cell.start();
  const client = clients(rep.url);

  await client.work({ cellId, lrps: [lrp()], tasks: [] });
  await untilEmpty(client);

  assert.equal(cell.runtime.live.size, 0);
  assert.equal(cell.stateOf("web-1"), "RUNNING");
});

test("a task runs to its end and its result is told", async (t) => {
  const cell = await newCell(t);
  const definition = taskDefinition({ resultFile: "/tmp/result.json" });
  cell.bbs.taskRows.set("build-1", pendingTask({ taskGuid: "build-1", definition }));
  cell.runtime.programs.set("/tmp/lifecycle/launcher", async ({ container }) => {
    container.files.set("/tmp/result.json", Buffer.from("the result"));
    return 0;
  });
  await using rep = await cell.start();
  const client = clients(rep.url);

  await client.work({ cellId, lrps: [], tasks: [task("build-1")] });
  await cell.bbs.until(() => cell.bbs.told.includes("complete build-1: the result"));
  await untilEmpty(client);

  assert.equal(cell.runtime.live.size, 0);
});

test("a task whose container cannot be made goes back to the auction", async (t) => {
  const cell = await newCell(t);
  cell.bbs.taskRows.set("build-1", pendingTask({ taskGuid: "build-1" }));
  cell.runtime.createFails = new Error("no space left on device");
  await using rep = await cell.start();

  await clients(rep.url).work({ cellId, lrps: [], tasks: [task("build-1")] });
  await cell.bbs.until(() =>
    cell.bbs.told.includes("reject build-1: failed to create container: no space left on device"),
  );
});

test("a cancelled task is ended and told no more", async (t) => {
  const cell = await newCell(t);
  cell.bbs.taskRows.set("build-1", pendingTask({ taskGuid: "build-1" }));
  await using rep = await cell.start();
  const client = clients(rep.url);
  await client.work({ cellId, lrps: [], tasks: [task("build-1")] });
  await cell.bbs.until(() => cell.bbs.told.includes("start build-1"));

  await client.cancelTask("build-1");
  await untilEmpty(client);

  assert.equal(cell.runtime.live.size, 0);
  assert.ok(!cell.bbs.told.some((each) => each.startsWith("complete")));
});

test("work that does not fit goes back, the smaller instances first", async (t) => {
  const cell = await newCell(t);
  cell.addRow(unclaimedLrp());
  await using rep = await cell.start();

  const left = await clients(rep.url).work({
    cellId,
    lrps: [lrp(1, 300), lrp(0, 900)],
    tasks: [task("too-big")],
  });

  assert.deepEqual(left, { cellId, lrps: [lrp(1, 300)], tasks: [task("too-big")] });
});

test("work for another cell goes back", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();
  const work = { cellId: "cell-b", lrps: [lrp()], tasks: [] };

  assert.deepEqual(await clients(rep.url).work(work), work);
});

test("the state of a cell has the original's field names", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();

  const response = await fetch(new URL("/state", rep.url), {
    headers: { "x-rivera-internal-secret": secret },
  });

  assert.deepEqual(await response.json(), {
    rep_url: rep.url,
    cell_id: cellId,
    RootFSProviders: { preloaded: { type: "fixed_set", set: { cflinuxfs4: {} } } },
    AvailableResources: { MemoryMB: 1024, DiskMB: 8192, Containers: 10 },
    TotalResources: { MemoryMB: 1024, DiskMB: 8192, Containers: 10 },
    LRPs: [],
    Tasks: [],
    StartingContainerCount: 0,
    Zone: "z1",
    Evacuating: false,
    VolumeDrivers: [],
    PlacementTags: [],
    OptionalPlacementTags: [],
    ProxyMemoryAllocationMB: 0,
  });
});

test("the rep answers nobody without the secret, and 400 to work that is none", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();
  const send = async (path: string, headers: Record<string, string>, body?: string) => {
    const init = body === undefined ? { headers } : { headers, body, method: "POST" };
    return (await fetch(new URL(path, rep.url), init)).status;
  };
  const json = { "content-type": "application/json" };

  assert.equal(await send("/state", {}), 401);
  assert.equal(await send("/work", json, "{}"), 401);
  const authorized = { ...json, "x-rivera-internal-secret": secret };
  assert.equal(await send("/work", authorized, '{"LRPs":[{"index":"zero"}]}'), 400);
  assert.equal(await send("/ping", authorized), 200);
});

test("a cell makes itself known every five seconds", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();
  await cell.bbs.until(() => cell.bbs.presences.length === 1);

  await cell.clock.advance(10_000);

  await cell.bbs.until(() => cell.bbs.presences.length === 3);
  assert.deepEqual(cell.bbs.presences[0], {
    cellId,
    repUrl: rep.url,
    zone: "z1",
    capacity: { memoryMb: 1024, diskMb: 8192, containers: 10 },
    preloadedRootFses: ["cflinuxfs4"],
    placementTags: [],
    optionalPlacementTags: [],
  });
});

test("a cell that is stopped cleanly leaves no container, and makes its instances again when it is back", async (t) => {
  const cell = await newCell(t);
  cell.addRow(unclaimedLrp());
  const first = await cell.start();
  await clients(first.url).work({ cellId, lrps: [lrp()], tasks: [] });
  await cell.bbs.until(() => cell.stateOf("web-1") === "RUNNING");
  const before = cell.bbs.row("web-1");

  await first[Symbol.asyncDispose]();
  assert.equal(cell.runtime.live.size, 0);
  assert.equal(cell.bbs.row("web-1"), before, "nothing is told");
  cell.bbs.told.length = 0;

  await using _second = await cell.start();
  await cell.bbs.until(() => cell.bbs.told.includes("start web-1.0"));
  const after = cell.bbs.row("web-1");
  assert.ok(before?.state === "RUNNING" && after?.state === "RUNNING");
  assert.deepEqual(after.instanceKey, before.instanceKey);
  assert.equal(cell.runtime.live.size, 1);
});

test("a cell that was killed goes on with what still runs", async (t) => {
  const cell = await newCell(t);
  cell.addRow(unclaimedLrp());
  // Never disposed: it is killed. Its bulletin board is away from then on, as far as it knows.
  const killed = await cell.start();
  await clients(killed.url).work({ cellId, lrps: [lrp()], tasks: [] });
  await cell.bbs.until(() => cell.stateOf("web-1") === "RUNNING");
  const [container] = cell.runtime.live.values();
  cell.bbs.told.length = 0;

  const second = await cell.start();
  await cell.bbs.until(() => cell.bbs.told.includes("start web-1.0"));

  assert.deepEqual([...cell.runtime.live.values()], [container]);
  assert.equal(container?.processes.size, 1);
  assert.ok(!cell.bbs.told.includes("claim web-1.0"), "its routes are never taken away");
  await second[Symbol.asyncDispose]();
  await killed[Symbol.asyncDispose]();
});

test("a cell that comes back gives up rows that are desired no more, and tasks that it has lost", async (t) => {
  const cell = await newCell(t);
  cell.addRow(runningOn("a", { processGuid: "deleted" }));
  cell.bbs.taskRows.set("build-1", runningTask(cellId, { taskGuid: "build-1" }));

  await using _rep = await cell.start();

  assert.equal(cell.bbs.row("deleted"), undefined);
  assert.ok(cell.bbs.told.includes("complete build-1: cell restarted while the task was running"));
});

test("a cell whose bulletin board is away takes no work until it is back", async (t) => {
  const cell = await newCell(t);
  cell.addRow(unclaimedLrp());
  cell.bbs.isAway = true;
  await using rep = await cell.start();
  const client = clients(rep.url);
  const work = { cellId, lrps: [lrp()], tasks: [] };
  assert.deepEqual(await client.work(work), work);
  assert.equal(cell.bbs.presences.length, 0);

  cell.bbs.isAway = false;
  await cell.clock.advance(2_000);
  await cell.bbs.until(() => cell.bbs.presences.length > 0);

  assert.deepEqual((await client.work(work)).lrps, []);
  await cell.bbs.until(() => cell.stateOf("web-1") === "RUNNING");
});

test("what could not be told is told at the next pass", async (t) => {
  const cell = await newCell(t);
  cell.addRow(unclaimedLrp());
  const end = Promise.withResolvers<void>();
  cell.runtime.programs.set("/tmp/lifecycle/launcher", async () => {
    await end.promise;
    return 1;
  });
  await using rep = await cell.start();
  await clients(rep.url).work({ cellId, lrps: [lrp()], tasks: [] });
  await cell.bbs.until(() => cell.stateOf("web-1") === "RUNNING");

  cell.bbs.isAway = true;
  end.resolve();
  while (!cell.logger.lines.some((line) => line.event === "operation-failed")) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  cell.bbs.isAway = false;
  await cell.clock.advance(60_000);

  await cell.bbs.until(() => cell.stateOf("web-1") === "CRASHED");
});

/** The rep has no call to wait for the end of a container: its state is asked for until it has none. */
async function untilEmpty(client: ReturnType<typeof clients>): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const { lrps, tasks } = await client.state();
    if (lrps.length === 0 && tasks.length === 0) return;
  }
  assert.fail("the cell still has containers");
}

test("each instance is started for the request that asked for it, and its end told for the one that stopped it", async (t) => {
  const cell = await newCell(t);
  for (const index of [0, 1]) cell.addRow(unclaimedLrp({ index }));
  await using rep = await cell.start();
  const client = clients(rep.url);
  const lrps = [
    { ...lrp(0), requestId: "one" },
    { ...lrp(1), requestId: "two" },
  ];

  await client.work({ cellId, lrps, tasks: [] });
  await cell.bbs.until(() => [0, 1].every((index) => cell.stateOf("web-1", index) === "RUNNING"));
  const row = cell.bbs.row("web-1", 1);
  assert.ok(row?.state === "RUNNING");
  const { instanceGuid } = row.instanceKey;
  await forRequest("three", () => client.stopLrpInstance("web-1", instanceGuid));
  await cell.clock.advance(1_000);
  await cell.bbs.until(() => cell.bbs.row("web-1", 1) === undefined);

  const requestsOf = (event: string) =>
    cell.logger.lines.filter((line) => line.event === event).map(({ data }) => data["requestId"]);
  assert.deepEqual(new Set(requestsOf("container-running")), new Set(["one", "two"]));
  assert.deepEqual(requestsOf("container-completed"), ["three"]);
});
