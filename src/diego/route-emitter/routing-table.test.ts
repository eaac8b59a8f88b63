import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import type { DesiredLrp, DesiredLrpRequest } from "#diego/models/desired-lrp.ts";
import {
  claimedBy,
  crashedLrp,
  desiredLrpRequest,
  runningOn,
  unclaimedLrp,
} from "#diego/models/model-builders.ts";
import { RoutingTable } from "./routing-table.ts";

const hostRoutes = (...hostnames: string[]) => ({
  "cf-router": JSON.stringify([{ hostnames, port: 8080 }]),
});

function desired(over: Partial<DesiredLrpRequest> = {}, index = 0): DesiredLrp {
  return { ...desiredLrpRequest(over), modificationTag: { epoch: "desired", index } };
}

function tagged<Lrp extends ActualLrp>(lrp: Lrp, index: number): Lrp {
  return { ...lrp, modificationTag: { epoch: "actual", index } };
}

/** `uri -> instances` as the router would know them. */
function reachable(table: RoutingTable): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const guid of table.processGuids()) {
    for (const { uris, private_instance_id: instance } of table.registrationsOf(guid)) {
      for (const uri of uris) (found[uri] ??= []).push(instance);
    }
  }
  return found;
}

function tableOf(...actual: readonly ActualLrp[]): RoutingTable {
  const table = new RoutingTable();
  table.sync({ desired: [desired({ instances: 2 })], actual, freshDomains: ["cf-apps"] });
  return table;
}

const uri = "web.apps.localhost";

test("an instance is reachable once it runs, and no longer once it crashes", () => {
  const table = tableOf(unclaimedLrp());
  const created = tagged(claimedBy("a"), 2);
  const running = tagged(runningOn("a"), 3);
  assert.deepEqual(reachable(table), {});

  table.apply({ kind: "actual_lrp_instance_created", actualLrp: created });
  assert.deepEqual(reachable(table), {});
  table.apply({ kind: "actual_lrp_instance_changed", before: created, after: running });
  assert.deepEqual(reachable(table), { [uri]: ["instance-a"] });

  const after = tagged(crashedLrp(), 4);
  assert.equal(
    table.apply({ kind: "actual_lrp_instance_changed", before: running, after }),
    "web-1",
  );
  assert.deepEqual(reachable(table), {});
});

test("readiness takes a route away and gives it back", () => {
  const table = tableOf(tagged(runningOn("a"), 1));
  const ready = tagged(runningOn("a"), 3);
  const unready = { ...tagged(runningOn("a"), 2), routable: false };

  table.apply({ kind: "actual_lrp_instance_changed", before: ready, after: unready });
  assert.deepEqual(reachable(table), {});
  table.apply({ kind: "actual_lrp_instance_changed", before: unready, after: ready });
  assert.deepEqual(reachable(table), { [uri]: ["instance-a"] });
});

test("an instance that is evacuated stays reachable beside its replacement until it goes", () => {
  const table = tableOf(tagged(runningOn("a"), 1));
  const before = tagged(runningOn("a"), 1);
  const evacuating = tagged(runningOn("a", { presence: "EVACUATING" }), 2);

  table.apply({ kind: "actual_lrp_instance_changed", before, after: evacuating });
  table.apply({ kind: "actual_lrp_instance_created", actualLrp: tagged(runningOn("b"), 1) });
  assert.deepEqual(reachable(table), { [uri]: ["instance-a", "instance-b"] });
  table.apply({ kind: "actual_lrp_instance_removed", actualLrp: evacuating });
  assert.deepEqual(reachable(table), { [uri]: ["instance-b"] });
});

test("routes and the number of instances follow the DesiredLRP", () => {
  const table = tableOf(runningOn("a"), runningOn("b", { index: 1 }));
  const change = (after: DesiredLrp) =>
    table.apply({ kind: "desired_lrp_changed", before: desired(), after });

  change(desired({ instances: 2, routes: hostRoutes("x.apps.localhost") }, 1));
  assert.deepEqual(reachable(table), { "x.apps.localhost": ["instance-a", "instance-b"] });
  change(desired({ instances: 1, routes: hostRoutes("x.apps.localhost") }, 2));
  assert.deepEqual(reachable(table), { "x.apps.localhost": ["instance-a"] });
  change(desired({ instances: 1, routes: {} }, 3));
  assert.deepEqual(reachable(table), {});
  change(desired({ instances: 1 }, 4));
  assert.deepEqual(reachable(table), { [uri]: ["instance-a"] });
  table.apply({ kind: "desired_lrp_removed", desiredLrp: desired({}, 4) });
  assert.deepEqual(reachable(table), {});
});

test("instances that are known before their DesiredLRP become reachable with it", () => {
  const table = new RoutingTable();
  table.apply({ kind: "actual_lrp_instance_created", actualLrp: runningOn("a") });

  table.apply({ kind: "desired_lrp_created", desiredLrp: desired() });

  assert.deepEqual(reachable(table), { [uri]: ["instance-a"] });
});

test("an event that is older than what is known is ignored", () => {
  const table = tableOf(tagged(runningOn("a"), 5));
  table.apply({
    kind: "desired_lrp_changed",
    before: desired(),
    after: desired({ routes: hostRoutes("new.apps.localhost") }, 7),
  });

  for (const event of [
    { kind: "actual_lrp_instance_removed", actualLrp: tagged(runningOn("a"), 4) },
    {
      kind: "actual_lrp_instance_changed",
      before: tagged(runningOn("a"), 3),
      after: tagged(crashedLrp(), 4),
    },
    { kind: "desired_lrp_changed", before: desired(), after: desired({ routes: {} }, 6) },
    { kind: "desired_lrp_removed", desiredLrp: desired({}, 6) },
  ] as const) {
    table.apply(event);
  }

  assert.deepEqual(reachable(table), { "new.apps.localhost": ["instance-a"] });
});

test("a DesiredLRP that was made anew supersedes, whatever its index", () => {
  const table = tableOf(runningOn("a"));
  const again = {
    ...desired({ routes: hostRoutes("again.apps.localhost") }),
    modificationTag: { epoch: "another", index: 0 },
  };

  table.apply({ kind: "desired_lrp_created", desiredLrp: again });

  assert.deepEqual(reachable(table), { "again.apps.localhost": ["instance-a"] });
});

test("what a listing lacks goes where the domain is fresh, and stays where it is not", () => {
  const nothing = { desired: [], actual: [] };
  const stale = tableOf(runningOn("a"));
  const fresh = tableOf(runningOn("a"));

  stale.sync({ ...nothing, freshDomains: [] });
  assert.deepEqual(fresh.sync({ ...nothing, freshDomains: ["cf-apps"] }), ["web-1"]);

  assert.deepEqual(reachable(stale), { [uri]: ["instance-a"] });
  assert.deepEqual(reachable(fresh), {});
  assert.deepEqual(fresh.processGuids(), []);
});

test("a crash event alone changes nothing: the change of state comes with its own", () => {
  const table = tableOf(runningOn("a"));
  const { key, instanceKey, since } = runningOn("a");

  const concerned = table.apply({
    kind: "actual_lrp_crashed",
    key,
    instanceKey,
    since,
    crashCount: 1,
    crashReason: "exit 1",
  });

  assert.equal(concerned, undefined);
  assert.deepEqual(reachable(table), { [uri]: ["instance-a"] });
});

test("nothing is kept of processes that come and go", () => {
  const table = new RoutingTable();
  for (let i = 0; i < 100; i += 1) {
    const processGuid = `web-${i}`;
    const lrp = runningOn("a", { processGuid });
    table.apply({ kind: "desired_lrp_created", desiredLrp: desired({ processGuid }) });
    table.apply({ kind: "actual_lrp_instance_created", actualLrp: lrp });
    table.apply({ kind: "desired_lrp_removed", desiredLrp: desired({ processGuid }) });
    table.apply({ kind: "actual_lrp_instance_removed", actualLrp: lrp });
  }

  assert.deepEqual(table.processGuids(), []);
});
