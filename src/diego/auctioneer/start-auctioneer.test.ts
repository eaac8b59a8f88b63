import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { CellState, RepClient, Work } from "#diego/cell/rep/client.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { CellPresence } from "#diego/models/cell-presence.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { asInternalSecret } from "#kernel/http/internal-auth.ts";
import { currentRequestId, forRequest } from "#kernel/http/request-id.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import type { LogEnvelope } from "#log-cache/client.ts";
import { createAuctioneerClient, type LrpStartRequest, type TaskStartRequest } from "./client.ts";
import { startAuctioneer } from "./start-auctioneer.ts";

const secret = asInternalSecret("a secret of these tests");

/** Cells and a bulletin board in memory, and what the auctioneer did to them. */
class Surroundings {
  readonly placed: Work[] = [];
  readonly failures: [string, string][] = [];
  /** For which requests they were told. */
  readonly failuresFor: (string | undefined)[] = [];
  readonly cells = new Map<string, Partial<RepClient>>();
  readonly lines: string[] = [];
  readonly logs = {
    emit: ({ sourceId, sourceType, payload }: LogEnvelope) => {
      this.lines.push(`${sourceId} ${sourceType} ${payload.toString()}`);
    },
  };
  listingFails = 0;
  #changed = Promise.withResolvers<void>();

  readonly bbs = {
    cells: async (): Promise<CellPresence[]> => {
      if (this.listingFails > 0) {
        this.listingFails -= 1;
        throw new BbsError("Timeout", "the BBS is away");
      }
      return [...this.cells.keys()].map((cellId) => ({
        cellId,
        repUrl: `http://${cellId}`,
        zone: "z1",
        capacity: { memoryMb: 100, diskMb: 100, containers: 10 },
        preloadedRootFses: ["cflinuxfs4"],
        placementTags: [],
        optionalPlacementTags: [],
      }));
    },
    failActualLrp: async (key: { processGuid: string; index: number }, error: string) => {
      this.failures.push([`${key.processGuid}.${key.index}`, error]);
      this.failuresFor.push(currentRequestId());
      this.#changed.resolve();
    },
    rejectTask: async (taskGuid: string, reason: string) => {
      this.failures.push([taskGuid, reason]);
      this.#changed.resolve();
    },
  };

  readonly repClient = (repUrl: string): RepClient => ({
    state: async () => emptyCell(new URL(repUrl).hostname),
    work: async (work) => {
      this.placed.push(work);
      this.#changed.resolve();
      return { cellId: work.cellId, lrps: [], tasks: [] };
    },
    stopLrpInstance: async () => undefined,
    updateLrpInstance: async () => undefined,
    cancelTask: async () => undefined,
    ...this.cells.get(new URL(repUrl).hostname),
  });

  /** Resolves once something has been placed or refused since the last call. */
  async changed(): Promise<void> {
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
  }
}

function emptyCell(cellId: string): CellState {
  const totalResources = { memoryMb: 100, diskMb: 100, containers: 10 };
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
  };
}

function startRequest(processGuid: string, indices: number[], memoryMb = 10): LrpStartRequest {
  return {
    processGuid,
    domain: "cf-apps",
    indices,
    resource: { memoryMb, diskMb: 10, maxPids: 0 },
    placementConstraint: { placementTags: [], rootFs: "preloaded:cflinuxfs4" },
  };
}

async function startWith(t: TestContext, surroundings: Surroundings, clock: Clock = systemClock) {
  const auctioneer = await startAuctioneer(
    { port: 0, secret },
    {
      clock,
      logger: new RecordingLogger(),
      bbs: surroundings.bbs,
      repClient: surroundings.repClient,
      logs: surroundings.logs,
    },
  );
  t.after(() => auctioneer[Symbol.asyncDispose]());
  return {
    url: auctioneer.url,
    client: createAuctioneerClient({ url: auctioneer.url, secret }),
  };
}

test("instances and tasks are handed to a cell", async (t) => {
  const surroundings = new Surroundings();
  surroundings.cells.set("cell-1", {});
  const { client } = await startWith(t, surroundings);

  await client.requestLrpAuctions([startRequest("app", [0, 1])]);
  await surroundings.changed();
  const { indices: _, processGuid: __, ...demand } = startRequest("", []);
  await client.requestTaskAuctions([{ ...demand, taskGuid: "build" }]);
  await surroundings.changed();

  assert.deepEqual(
    surroundings.placed.flatMap((work) => [
      ...work.lrps.map((lrp) => `${lrp.processGuid}.${lrp.index}`),
      ...work.tasks.map((task) => task.taskGuid),
    ]),
    ["app.0", "app.1", "build"],
  );
});

test("what finds no place is reported to the bulletin board", async (t) => {
  const surroundings = new Surroundings();
  surroundings.cells.set("cell-1", {});
  const { client } = await startWith(t, surroundings);

  await client.requestLrpAuctions([startRequest("big", [0], 1000)]);
  await surroundings.changed();

  assert.deepEqual(surroundings.failures, [["big.0", "insufficient resources: memory"]]);
});

test("a failure is told for the request that asked, and for the round where nobody did", async (t) => {
  const surroundings = new Surroundings();
  surroundings.cells.set("cell-1", {});
  const { client } = await startWith(t, surroundings);
  const ask = (name: string) => client.requestLrpAuctions([startRequest(name, [0], 1000)]);

  await forRequest("one", () => ask("asked-for"));
  await surroundings.changed();
  await ask("of-nobody");
  await surroundings.changed();

  assert.equal(surroundings.failuresFor[0], "one");
  assert.match(String(surroundings.failuresFor[1]), /^auction-rounds::[0-9a-f-]{36}$/);
});

test("what a cell hands back is a failure, what it may have taken is none", async (t) => {
  const surroundings = new Surroundings();
  surroundings.cells.set("cell-1", { work: async (work) => work });
  const { client } = await startWith(t, surroundings);
  await client.requestLrpAuctions([startRequest("refused", [0])]);
  await surroundings.changed();
  assert.deepEqual(surroundings.failures, [["refused.0", "insufficient resources"]]);

  surroundings.cells.set("cell-1", {
    work: async () => {
      throw new Error("connection reset");
    },
  });
  await client.requestLrpAuctions([startRequest("unknown", [0])]);
  await client.requestLrpAuctions([startRequest("too-big", [0], 1000)]);
  await surroundings.changed();

  assert.deepEqual(
    surroundings.failures.map(([name]) => name),
    ["refused.0", "too-big.0"],
  );
});

test("a cell that is silent, evacuating or not the one it should be gets no work", async (t) => {
  const surroundings = new Surroundings();
  surroundings.cells.set("silent", {
    state: async () => {
      throw new Error("connection refused");
    },
  });
  surroundings.cells.set("leaving", {
    state: async () => ({ ...emptyCell("leaving"), evacuating: true }),
  });
  surroundings.cells.set("stranger", { state: async () => emptyCell("another") });
  surroundings.cells.set("good", {});
  const { client } = await startWith(t, surroundings);

  await client.requestLrpAuctions([startRequest("app", [0, 1, 2])]);
  await surroundings.changed();

  assert.deepEqual(
    surroundings.placed.map((work) => work.cellId),
    ["good"],
  );
});

test("a round whose cells could not be listed is held again with the same batch", async (t) => {
  const surroundings = new Surroundings();
  surroundings.cells.set("cell-1", {});
  surroundings.listingFails = 1;
  const clock = new FakeClock();
  const { client } = await startWith(t, surroundings, clock);

  await client.requestLrpAuctions([startRequest("app", [0])]);
  while (surroundings.placed.length === 0) await clock.advance(1_000);

  assert.equal(surroundings.placed[0]?.lrps[0]?.processGuid, "app");
});

/** A cell without memory until some of it is given. */
function crowdedCell(surroundings: Surroundings) {
  let memoryMb = 0;
  surroundings.cells.set("cell-1", {
    state: async () => ({
      ...emptyCell("cell-1"),
      availableResources: { memoryMb, diskMb: 100, containers: 10 },
    }),
  });
  return {
    endContainer: () => {
      memoryMb = 100;
    },
  };
}

test("what waits for room is placed as soon as a container has ended, and its failure is told once", async (t) => {
  const surroundings = new Surroundings();
  const cell = crowdedCell(surroundings);
  const clock = new FakeClock();
  const { client } = await startWith(t, surroundings, clock);
  await client.requestLrpAuctions([startRequest("app", [0])]);
  const { indices: _, processGuid: __, ...demand } = startRequest("", []);
  await client.requestTaskAuctions([{ ...demand, taskGuid: "build" }]);
  while (surroundings.failures.length < 2) await surroundings.changed();
  for (let round = 0; round < 10; round += 1) await clock.advance(500);

  cell.endContainer();
  const placed = () =>
    surroundings.placed.flatMap(({ lrps, tasks }) => [
      ...lrps.map(({ processGuid, index }) => `${processGuid}.${index}`),
      ...tasks.map(({ taskGuid }) => taskGuid),
    ]);
  const before = clock.now().getTime();
  while (placed().length < 2) await clock.advance(500);

  assert.deepEqual(placed().toSorted(), ["app.0", "build"]);
  assert.ok(clock.now().getTime() - before < 30_000, "it waited for convergence");
  assert.deepEqual(
    surroundings.failures.map(([name]) => name),
    ["app.0", "build"],
  );
});

function build(taskGuid: string, owner: string): TaskStartRequest {
  const { indices: _, processGuid: __, ...demand } = startRequest("", [], 50);
  const origin = { owner, logGuid: `app-of-${taskGuid}`, logSource: "STG" };
  return { ...demand, taskGuid, domain: "cf-app-staging", origin };
}

test("tasks that wait for the end of others stand in line, owners in turns, and their apps' logs say where", async (t) => {
  const surroundings = new Surroundings();
  const running = new Map<string, TaskStartRequest>();
  surroundings.cells.set("cell-1", {
    state: async () => ({
      ...emptyCell("cell-1"),
      availableResources: { memoryMb: 100 - 50 * running.size, diskMb: 100, containers: 10 },
      tasks: [...running.values()],
    }),
    work: async (work) => {
      surroundings.placed.push(work);
      for (const task of work.tasks) running.set(task.taskGuid, build(task.taskGuid, ""));
      return { cellId: work.cellId, lrps: [], tasks: [] };
    },
  });
  const clock = new FakeClock();
  const { client } = await startWith(t, surroundings, clock);
  const placed = () =>
    surroundings.placed.flatMap(({ tasks }) => tasks.map(({ taskGuid }) => taskGuid));
  const placedAre = async (count: number) => {
    while (placed().length < count) await clock.advance(500);
  };

  await client.requestTaskAuctions([1, 2, 3, 4].map((at) => build(`many-${at}`, "many")));
  await placedAre(2);
  await client.requestTaskAuctions([build("one-1", "one")]);
  while (surroundings.lines.length < 5) await clock.advance(500);
  assert.deepEqual(surroundings.lines, [
    "app-of-many-3 STG Waiting for a cell: 1st in line",
    "app-of-many-4 STG Waiting for a cell: 2nd in line",
    "app-of-one-1 STG Waiting for a cell: 1st in line",
    "app-of-many-3 STG Waiting for a cell: 2nd in line",
    "app-of-many-4 STG Waiting for a cell: 3rd in line",
  ]);
  running.delete("many-1");
  await placedAre(3);
  running.delete("many-2");
  await placedAre(4);
  running.delete("one-1");
  await placedAre(5);

  assert.deepEqual(placed(), ["many-1", "many-2", "one-1", "many-3", "many-4"]);
  assert.deepEqual(surroundings.failures, []);
});

test("a task that no end of another would make room for is rejected", async (t) => {
  const surroundings = new Surroundings();
  surroundings.cells.set("cell-1", {
    state: async () => ({
      ...emptyCell("cell-1"),
      availableResources: { memoryMb: 20, diskMb: 100, containers: 10 },
      tasks: [{ ...build("small", "one"), resource: { memoryMb: 20, diskMb: 1, maxPids: 0 } }],
    }),
  });
  const { client } = await startWith(t, surroundings);

  await client.requestTaskAuctions([build("build", "one")]);
  await surroundings.changed();

  assert.deepEqual(surroundings.failures, [["build", "insufficient resources: memory"]]);
  assert.deepEqual(surroundings.lines, []);
});

test("what has waited for a minute and is not asked for again is forgotten", async (t) => {
  const surroundings = new Surroundings();
  const cell = crowdedCell(surroundings);
  const clock = new FakeClock();
  const { client } = await startWith(t, surroundings, clock);
  await client.requestLrpAuctions([startRequest("gone", [0])]);
  await surroundings.changed();
  await clock.advance(60_000);

  cell.endContainer();
  await clock.advance(500);
  await client.requestLrpAuctions([startRequest("new", [0])]);
  await surroundings.changed();

  assert.deepEqual(
    surroundings.placed.flatMap(({ lrps }) => lrps.map(({ processGuid }) => processGuid)),
    ["new"],
  );
});

test("requests are refused without the secret, and where they are no list", async (t) => {
  const { url } = await startWith(t, new Surroundings());
  const post = async (headers: Record<string, string>, body: string) => {
    const response = await fetch(new URL("/v1/lrps", url), { method: "POST", headers, body });
    return response.status;
  };
  const json = { "content-type": "application/json" };
  const authorized = { ...json, "x-rivera-internal-secret": secret };

  assert.equal(await post(json, "[]"), 401);
  assert.equal(await post(authorized, "{}"), 400);
  assert.equal(await post(authorized, "[oops"), 400);
  assert.equal(await post(authorized, '[{"process_guid":""}]'), 202);
});
