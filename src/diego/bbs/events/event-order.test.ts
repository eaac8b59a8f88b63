import assert from "node:assert/strict";
import { test } from "node:test";
import type { LrpEvent } from "#diego/models/event.ts";
import { instanceOf, runningOn, unclaimedLrp } from "#diego/models/model-builders.ts";
import { inEmissionOrder } from "./event-order.ts";

test("crashes come first, then what carries RUNNING, then the rest as it was", () => {
  const unclaimed = unclaimedLrp();
  const running = runningOn("b");
  const removed: LrpEvent = { kind: "actual_lrp_instance_removed", actualLrp: runningOn("a") };
  const created: LrpEvent = { kind: "actual_lrp_instance_created", actualLrp: unclaimed };
  const changed: LrpEvent = {
    kind: "actual_lrp_instance_changed",
    before: unclaimed,
    after: running,
  };
  const seeded: LrpEvent = { kind: "actual_lrp_instance_created", actualLrp: running };
  const crashed: LrpEvent = {
    kind: "actual_lrp_crashed",
    key: running.key,
    instanceKey: instanceOf("a"),
    crashCount: 1,
    crashReason: "",
    since: running.since,
  };

  assert.deepEqual(inEmissionOrder([removed, created, changed, seeded, crashed]), [
    crashed,
    changed,
    seeded,
    removed,
    created,
  ]);
});
