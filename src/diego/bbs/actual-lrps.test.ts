import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActualLrp, ActualLrpKey, ActualLrpState } from "#diego/models/actual-lrp.ts";
import {
  cellPresence,
  desiredLrpRequest,
  instanceOf,
  netInfo,
} from "#diego/models/model-builders.ts";
import { bbsTestBed, eventually, refusedAs, type BbsTestBed } from "./bbs-test-bed.ts";

// The life of instances, through the API that cells and Cloud Controller use.

const key: ActualLrpKey = { processGuid: "web-1", index: 0, domain: "cf-apps" };

function start(bed: BbsTestBed, name: string, of = key, routable = true): Promise<void> {
  return bed.client.startActualLrp({
    key: of,
    instanceKey: instanceOf(name),
    netInfo: netInfo(),
    metricTags: {},
    routable,
  });
}

function holderOf(lrp: ActualLrp): string {
  const held = lrp.state === "CLAIMED" || lrp.state === "RUNNING";
  return held ? ` ${lrp.instanceKey.instanceGuid}` : "";
}

/** The rows as `PRESENCE STATE INSTANCE`, by index and presence. */
async function rows(bed: BbsTestBed, index = 0): Promise<string[]> {
  const lrps = await bed.client.actualLrps({ processGuid: "web-1", index });
  return lrps
    .map((lrp) => `${lrp.presence} ${lrp.state}${holderOf(lrp)}`)
    .toSorted((a, b) => a.localeCompare(b));
}

test("a container that runs wins over another cell's claim, whose next claim is refused", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest());
  await bed.client.claimActualLrp(key, instanceOf("a"));
  await start(bed, "b");

  await assert.rejects(
    bed.client.claimActualLrp(key, instanceOf("a")),
    refusedAs("ActualLrpCannotBeClaimed"),
  );
  assert.deepEqual(await rows(bed), ["ORDINARY RUNNING instance-b"]);
});

test("what another instance reports of a running one is refused", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest());
  await start(bed, "a");

  await assert.rejects(start(bed, "b"), refusedAs("ActualLrpCannotBeStarted"));
  await assert.rejects(
    bed.client.crashActualLrp(key, instanceOf("b"), "boom"),
    refusedAs("ActualLrpCannotBeCrashed"),
  );
  await assert.rejects(
    bed.client.removeActualLrp(key, instanceOf("b")),
    refusedAs("ResourceNotFound"),
  );
  assert.deepEqual(await rows(bed), ["ORDINARY RUNNING instance-a"]);
});

test("a heartbeat changes nothing; a new attribute does", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest());
  await start(bed, "a");
  const [before] = await bed.client.actualLrps();
  await start(bed, "a");
  const [same] = await bed.client.actualLrps();
  await start(bed, "a", key, false);
  const [after] = await bed.client.actualLrps();

  assert.deepEqual(same, before);
  assert.equal(after?.state === "RUNNING" && after.routable, false);
  assert.equal(after?.modificationTag.index, (before?.modificationTag.index ?? 0) + 1);
});

test("a start seeds a row that is missing", async () => {
  await using bed = await bbsTestBed();
  await start(bed, "a");
  assert.deepEqual(await rows(bed), ["ORDINARY RUNNING instance-a"]);
});

test("crashes 1 and 2 restart at once, crash 3 waits 30 s for convergence", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a");
  await bed.client.desireLrp(desiredLrpRequest());
  const states: string[] = [];
  for (let crashes = 0; crashes < 3; crashes += 1) {
    await start(bed, "a");
    await bed.client.crashActualLrp(key, instanceOf("a"), "APP/PROC/WEB: Exited with status 1");
    states.push(...(await rows(bed)));
  }
  await eventually(() => bed.lrpAuctions.length === 3);
  const [crashed] = await bed.client.actualLrps();
  await bed.clock.advance(29_000);
  await bed.heartbeat("a");
  await bed.converge();
  states.push(...(await rows(bed)));
  await bed.clock.advance(1_000);
  await bed.converge();
  states.push(...(await rows(bed)));
  await eventually(() => bed.lrpAuctions.length === 4);

  assert.deepEqual(states, [
    "ORDINARY UNCLAIMED",
    "ORDINARY UNCLAIMED",
    "ORDINARY CRASHED",
    "ORDINARY CRASHED",
    "ORDINARY UNCLAIMED",
  ]);
  assert.equal(crashed?.crashCount, 3);
  assert.equal(crashed.crashReason, "APP/PROC/WEB: Exited with status 1");
});

test("an instance that ran for over five minutes has its crashes forgiven", async () => {
  await using bed = await bbsTestBed();
  await bed.client.cellPresence(cellPresence("cell-a"), 3_600);
  await bed.client.desireLrp(desiredLrpRequest());
  for (let crashes = 0; crashes < 2; crashes += 1) {
    await start(bed, "a");
    await bed.client.crashActualLrp(key, instanceOf("a"), "boom");
  }
  await start(bed, "a");
  await bed.clock.advance(301_000);
  await bed.client.crashActualLrp(key, instanceOf("a"), "boom");

  const [lrp] = await bed.client.actualLrps();
  assert.equal(lrp?.state, "UNCLAIMED");
  assert.equal(lrp.crashCount, 1);
});

test("a placement error stays with the row until it is claimed", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest());
  await bed.client.failActualLrp(key, "insufficient resources: memory");
  const [failed] = await bed.client.actualLrps();
  await bed.client.claimActualLrp(key, instanceOf("a"));

  assert.equal(
    failed?.state === "UNCLAIMED" && failed.placementError,
    "insufficient resources: memory",
  );
  await assert.rejects(bed.client.failActualLrp(key, "x"), refusedAs("ActualLrpCannotBeFailed"));
});

test("an instance of a lost cell stays as a suspect until its replacement runs", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a");
  await bed.client.desireLrp(desiredLrpRequest());
  await start(bed, "a");
  await bed.client.removeCellPresence("cell-a");
  await bed.clock.advance(15_000);
  await bed.heartbeat("b");
  await bed.converge();
  const suspected = await rows(bed);
  await eventually(() => bed.lrpAuctions.length >= 2);
  await start(bed, "b");

  assert.deepEqual(suspected, ["ORDINARY UNCLAIMED", "SUSPECT RUNNING instance-a"]);
  assert.deepEqual(await rows(bed), ["ORDINARY RUNNING instance-b"]);
  await assert.rejects(start(bed, "a"), refusedAs("ActualLrpCannotBeStarted"));
});

test("a cell that comes back in time gets its instance back; the replacement is refused", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a", "b");
  await bed.client.desireLrp(desiredLrpRequest());
  await start(bed, "a");
  await bed.clock.advance(15_000);
  await bed.heartbeat("b");
  await bed.converge();
  await bed.client.claimActualLrp(key, instanceOf("b"));
  const meanwhile = await rows(bed);
  await start(bed, "a");
  await bed.heartbeat("a");
  await bed.converge();

  assert.deepEqual(meanwhile, ["ORDINARY CLAIMED instance-b", "SUSPECT RUNNING instance-a"]);
  assert.deepEqual(await rows(bed), ["ORDINARY RUNNING instance-a"]);
  await assert.rejects(start(bed, "b"), refusedAs("ActualLrpCannotBeStarted"));
});

test("a suspect that crashes, or stops, only leaves", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest({ instances: 2 }));
  const second = { ...key, index: 1 };
  await start(bed, "a");
  await start(bed, "a", second);
  await bed.clock.advance(15_000);
  await bed.converge();
  await bed.client.crashActualLrp(key, instanceOf("a"), "boom");
  await bed.client.removeActualLrp(second, instanceOf("a"));

  const lrps = await bed.client.actualLrps();
  assert.deepEqual(
    lrps.map(({ state, crashCount }) => [state, crashCount]),
    [
      ["UNCLAIMED", 0],
      ["UNCLAIMED", 0],
    ],
  );
});

test("scaling down deletes what nobody holds and stops the rest, the highest indices first", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a");
  await bed.client.desireLrp(desiredLrpRequest({ instances: 3 }));
  const second = { ...key, index: 1 };
  const third = { ...key, index: 2 };
  await start(bed, "a");
  await start(bed, "a", third);
  for (let crashes = 0; crashes < 3; crashes += 1) {
    await start(bed, "b", second);
    await bed.client.crashActualLrp(second, instanceOf("b"), "boom");
  }
  await bed.client.updateDesiredLrp("web-1", { instances: 1 });
  await eventually(() => bed.repCalls.length > 0);
  const stopping = [await rows(bed, 0), await rows(bed, 1), await rows(bed, 2)];
  await bed.client.removeActualLrp(third, instanceOf("a"));

  assert.deepEqual(bed.repCalls, ["stop instance-a at http://127.0.0.1:1/cell-a"]);
  assert.deepEqual(stopping, [
    ["ORDINARY RUNNING instance-a"],
    [],
    ["ORDINARY RUNNING instance-a"],
  ]);
  assert.deepEqual(await rows(bed, 2), []);
});

test("new metric tags are told to the cells of the instances, each with its own; the same ones are not", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a", "b");
  await bed.client.desireLrp(desiredLrpRequest({ instances: 3 }));
  await start(bed, "a");
  await start(bed, "b", { ...key, index: 1 });
  const metricTags = { app_name: { static: "new" }, instance_id: { dynamic: "INDEX" } } as const;

  await bed.client.updateDesiredLrp("web-1", { metricTags });
  await eventually(() => bed.repCalls.length === 2);
  await bed.client.updateDesiredLrp("web-1", { metricTags });
  await bed.client.updateDesiredLrp("web-1", { instances: 1 });
  await eventually(() => bed.repCalls.some((call) => call.startsWith("stop")));

  assert.deepEqual(bed.repCalls.toSorted(), [
    "stop instance-b at http://127.0.0.1:1/cell-b",
    'update instance-a at http://127.0.0.1:1/cell-a: {"app_name":"new","instance_id":"0"}',
    'update instance-b at http://127.0.0.1:1/cell-b: {"app_name":"new","instance_id":"1"}',
  ]);
});

test("scaling up makes the missing rows and asks for exactly these", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest({ instances: 1 }));
  await bed.client.updateDesiredLrp("web-1", { instances: 4 });
  await eventually(() => bed.lrpAuctions.length === 2);

  assert.deepEqual(
    bed.lrpAuctions.map(({ indices }) => indices),
    [[0], [1, 2, 3]],
  );
  assert.deepEqual(bed.lrpAuctions[1]?.resource, { memoryMb: 256, diskMb: 1024, maxPids: 1024 });
  assert.deepEqual(bed.lrpAuctions[1]?.placementConstraint, {
    placementTags: [],
    rootFs: "preloaded:cflinuxfs4",
  });
});

test("an orphan stays while its domain is not fresh, and goes once it is", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a");
  await start(bed, "a");
  await bed.converge();
  const kept = bed.repCalls.length;
  await bed.client.upsertDomain("cf-apps", 120);
  await bed.converge();
  await eventually(() => bed.repCalls.length > 0);

  assert.equal(kept, 0);
  assert.deepEqual(bed.repCalls, ["stop instance-a at http://127.0.0.1:1/cell-a"]);
});

test("retiring a crashed instance that is desired makes it anew at once, without its crashes", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest());
  for (let crashes = 0; crashes < 3; crashes += 1) {
    await start(bed, "a");
    await bed.client.crashActualLrp(key, instanceOf("a"), "boom");
  }
  await bed.client.retireActualLrp(key);
  await eventually(async () => (await rows(bed))[0] === "ORDINARY UNCLAIMED");

  const [lrp] = await bed.client.actualLrps();
  assert.equal(lrp?.crashCount, 0);
});

test("a stopped instance that is desired is placed anew at once", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest());
  await start(bed, "a");
  await bed.client.removeActualLrp(key, instanceOf("a"));
  await eventually(async () => (await rows(bed))[0] === "ORDINARY UNCLAIMED");
});

test("retiring asks the cell, deletes the row of a missing one, and refuses an index that is not there", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a");
  await start(bed, "a");
  await bed.client.retireActualLrp(key);
  const asked = [...bed.repCalls];
  await bed.clock.advance(15_000);
  await bed.client.retireActualLrp(key);

  assert.deepEqual(asked, ["stop instance-a at http://127.0.0.1:1/cell-a"]);
  assert.deepEqual(await rows(bed), []);
  await assert.rejects(bed.client.retireActualLrp(key), refusedAs("ResourceNotFound"));
});

test("rows are found by domain, cell, process and index", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest({ instances: 2 }));
  await bed.client.desireLrp(desiredLrpRequest({ processGuid: "web-2", domain: "other" }));
  await start(bed, "a");
  const found = async (filter: Parameters<typeof bed.client.actualLrps>[0]) =>
    (await bed.client.actualLrps(filter)).map((lrp) => `${lrp.key.processGuid}/${lrp.key.index}`);

  assert.deepEqual(await found({}), ["web-1/0", "web-1/1", "web-2/0"]);
  assert.deepEqual(await found({ domain: "other" }), ["web-2/0"]);
  assert.deepEqual(await found({ cellId: "cell-a" }), ["web-1/0"]);
  assert.deepEqual(await found({ processGuid: "web-1", index: 0 }), ["web-1/0"]);
  assert.equal((await bed.client.actualLrpsByProcessGuids(["web-2", "web-3"])).length, 1);
});

test("the states of many processes' instances are those of the whole rows", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a");
  await bed.client.desireLrp(desiredLrpRequest({ instances: 5 }));
  await bed.client.desireLrp(desiredLrpRequest({ processGuid: "web-2" }));
  await bed.clock.advance(1_234);
  const at = (index: number) => ({ ...key, index });
  await start(bed, "a");
  await start(bed, "b", at(1), false);
  await bed.client.claimActualLrp(at(2), instanceOf("c"));
  await bed.client.failActualLrp(at(3), "insufficient resources: memory");
  for (const name of ["d", "e", "f"]) {
    await start(bed, name, at(4));
    await bed.client.crashActualLrp(at(4), instanceOf(name), "APP/PROC/WEB: Exited with status 1");
  }
  const whole = await bed.client.actualLrpsByProcessGuids(["web-2", "web-1"]);
  const states = await bed.client.actualLrpStates(["web-2", "gone", "web-1"]);

  const described = (lrps: readonly ActualLrpState[]) =>
    lrps
      .map((lrp) => ({
        of: `${lrp.key.processGuid}/${lrp.key.index}`,
        since: lrp.since.toISOString(),
        state: lrp.state,
        more:
          lrp.state === "RUNNING"
            ? lrp.routable
            : lrp.state === "UNCLAIMED"
              ? lrp.placementError
              : undefined,
      }))
      .toSorted((a, b) => a.of.localeCompare(b.of));
  assert.deepEqual(described(states), described(whole));
  assert.deepEqual(
    described(states).map(({ of, state, more }) => [of, state, more]),
    [
      ["web-1/0", "RUNNING", true],
      ["web-1/1", "RUNNING", false],
      ["web-1/2", "CLAIMED", undefined],
      ["web-1/3", "UNCLAIMED", "insufficient resources: memory"],
      ["web-1/4", "CRASHED", undefined],
      ["web-2/0", "UNCLAIMED", ""],
    ],
  );
  assert.deepEqual(await bed.client.actualLrpStates([]), []);
});

test("desired LRPs are found whole, or as scheduling infos, and say what was last asked for", async () => {
  await using bed = await bbsTestBed();
  const request = desiredLrpRequest({ annotation: "1" });
  await bed.client.desireLrp(request);
  await bed.client.desireLrp(desiredLrpRequest({ processGuid: "web-2", domain: "other" }));
  await bed.client.updateDesiredLrp("web-1", {
    annotation: "2",
    routes: { "cf-router": "[]" },
    metricTags: { index: { dynamic: "INDEX" } },
  });
  const lrp = await bed.client.desiredLrpByProcessGuid("web-1");
  const infos = await bed.client.desiredLrpSchedulingInfos({ domain: "cf-apps" });

  assert.ok(lrp !== undefined);
  const { modificationTag, ...asked } = lrp;
  assert.deepEqual(asked, {
    ...request,
    annotation: "2",
    routes: { "cf-router": "[]" },
    metricTags: { index: { dynamic: "INDEX" } },
  });
  assert.equal(modificationTag.index, 1);
  assert.deepEqual(infos, [
    {
      processGuid: "web-1",
      domain: "cf-apps",
      logGuid: "app-guid",
      annotation: "2",
      instances: 1,
      memoryMb: 256,
      diskMb: 1024,
      maxPids: 1024,
      rootFs: "preloaded:cflinuxfs4",
      routes: { "cf-router": "[]" },
      modificationTag,
      placementTags: [],
    },
  ]);
  assert.equal((await bed.client.desiredLrps()).length, 2);
  assert.equal((await bed.client.desiredLrps({ processGuids: ["web-2"] })).length, 1);
  assert.equal(await bed.client.desiredLrpByProcessGuid("web-3"), undefined);
});

test("a DesiredLRP is refused twice, badly formed, or unknown", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest());

  await assert.rejects(bed.client.desireLrp(desiredLrpRequest()), refusedAs("ResourceExists"));
  await assert.rejects(
    bed.client.desireLrp(desiredLrpRequest({ processGuid: "a/b" })),
    refusedAs("InvalidRequest"),
  );
  await assert.rejects(
    bed.client.updateDesiredLrp("web-1", { instances: -1 }),
    refusedAs("InvalidRequest"),
  );
  await assert.rejects(bed.client.updateDesiredLrp("web-2", {}), refusedAs("ResourceNotFound"));
  await assert.rejects(bed.client.removeDesiredLrp("web-2"), refusedAs("ResourceNotFound"));
  assert.equal((await bed.client.actualLrps()).length, 1);
});

test("domains are fresh until their TTL ends, for ever without one", async () => {
  await using bed = await bbsTestBed();
  await bed.client.upsertDomain("cf-apps", 120);
  await bed.client.upsertDomain("cf-tasks", 0);
  const before = await bed.client.domains();
  await bed.clock.advance(120_000);

  assert.deepEqual(before, ["cf-apps", "cf-tasks"]);
  assert.deepEqual(await bed.client.domains(), ["cf-tasks"]);
  await assert.rejects(bed.client.upsertDomain("", 1), refusedAs("InvalidRequest"));
});

test("cells are listed as they said they are", async () => {
  await using bed = await bbsTestBed();
  const presence = cellPresence("cell-a", { placementTags: ["gpu"], optionalPlacementTags: ["x"] });
  await bed.client.cellPresence(presence, 15);
  assert.deepEqual(await bed.client.cells(), [presence]);
});
