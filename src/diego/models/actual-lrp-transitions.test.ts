import assert from "node:assert/strict";
import { test } from "node:test";
import {
  claim,
  crash,
  createRunning,
  createUnclaimed,
  fail,
  remove,
  retire,
  start,
  unclaim,
  withPresence,
} from "./actual-lrp-transitions.ts";
import type { ActualLrp } from "./actual-lrp.ts";
import type { BbsErrorType } from "./bbs-error.ts";
import {
  claimedBy,
  crashedLrp,
  epochStart,
  instanceOf,
  netInfo,
  runningOn,
  unclaimedLrp,
} from "./model-builders.ts";

const now = new Date(epochStart.getTime() + 10_000);

const rows = {
  unclaimed: unclaimedLrp(),
  "claimed by A": claimedBy("a"),
  "running on A": runningOn("a"),
  crashed: crashedLrp(),
} satisfies Record<string, ActualLrp>;
type RowName = keyof typeof rows;

function startedBy(name: string) {
  const { instanceKey, netInfo: net, metricTags, routable } = runningOn(name);
  return { instanceKey, netInfo: net, metricTags, routable };
}

/** What became of the row, short enough for a table. */
function outcome(transition: {
  readonly kind: string;
  readonly lrp?: ActualLrp;
  readonly type?: BbsErrorType;
}): string {
  if (transition.type !== undefined) return transition.type;
  const { kind, lrp } = transition;
  if (lrp === undefined) return kind;
  const held = lrp.state === "CLAIMED" || lrp.state === "RUNNING";
  return held ? `${lrp.state} ${lrp.instanceKey.instanceGuid}` : lrp.state;
}

const table = {
  "claim by A": (lrp) => claim(lrp, instanceOf("a"), now),
  "claim by B": (lrp) => claim(lrp, instanceOf("b"), now),
  "start by A": (lrp) => start(lrp, startedBy("a"), now),
  "start by B": (lrp) => start(lrp, startedBy("b"), now),
  "crash of A": (lrp) => crash(lrp, instanceOf("a"), "Exited with status 1", now),
  "crash of B": (lrp) => crash(lrp, instanceOf("b"), "Exited with status 1", now),
  fail: (lrp) => fail(lrp, "insufficient resources: memory", now),
  unclaim: (lrp) => unclaim(lrp, now),
  "remove of A": (lrp) => remove(lrp, instanceOf("a")),
  "remove of B": (lrp) => remove(lrp, instanceOf("b")),
  "remove of whatever": (lrp) => remove(lrp, undefined),
  retire,
} satisfies Record<string, (lrp: ActualLrp) => Parameters<typeof outcome>[0]>;

const expected: Record<keyof typeof table, Record<RowName, string>> = {
  "claim by A": {
    unclaimed: "CLAIMED instance-a",
    "claimed by A": "unchanged",
    "running on A": "CLAIMED instance-a",
    crashed: "ActualLrpCannotBeClaimed",
  },
  "claim by B": {
    unclaimed: "CLAIMED instance-b",
    "claimed by A": "ActualLrpCannotBeClaimed",
    "running on A": "ActualLrpCannotBeClaimed",
    crashed: "ActualLrpCannotBeClaimed",
  },
  "start by A": {
    unclaimed: "RUNNING instance-a",
    "claimed by A": "RUNNING instance-a",
    "running on A": "unchanged",
    crashed: "ActualLrpCannotBeStarted",
  },
  "start by B": {
    unclaimed: "RUNNING instance-b",
    "claimed by A": "RUNNING instance-b",
    "running on A": "ActualLrpCannotBeStarted",
    crashed: "ActualLrpCannotBeStarted",
  },
  "crash of A": {
    unclaimed: "ActualLrpCannotBeCrashed",
    "claimed by A": "UNCLAIMED",
    "running on A": "UNCLAIMED",
    crashed: "ActualLrpCannotBeCrashed",
  },
  "crash of B": {
    unclaimed: "ActualLrpCannotBeCrashed",
    "claimed by A": "ActualLrpCannotBeCrashed",
    "running on A": "ActualLrpCannotBeCrashed",
    crashed: "ActualLrpCannotBeCrashed",
  },
  fail: {
    unclaimed: "UNCLAIMED",
    "claimed by A": "ActualLrpCannotBeFailed",
    "running on A": "ActualLrpCannotBeFailed",
    crashed: "ActualLrpCannotBeFailed",
  },
  unclaim: {
    unclaimed: "ActualLrpCannotBeUnclaimed",
    "claimed by A": "UNCLAIMED",
    "running on A": "UNCLAIMED",
    crashed: "UNCLAIMED",
  },
  "remove of A": {
    unclaimed: "ResourceNotFound",
    "claimed by A": "delete",
    "running on A": "delete",
    crashed: "ResourceNotFound",
  },
  "remove of B": {
    unclaimed: "ResourceNotFound",
    "claimed by A": "ResourceNotFound",
    "running on A": "ResourceNotFound",
    crashed: "ResourceNotFound",
  },
  "remove of whatever": {
    unclaimed: "delete",
    "claimed by A": "delete",
    "running on A": "delete",
    crashed: "delete",
  },
  retire: {
    unclaimed: "delete",
    "claimed by A": "stop",
    "running on A": "stop",
    crashed: "delete",
  },
};

for (const [event, apply] of Object.entries(table)) {
  for (const [name, row] of Object.entries(rows)) {
    const want = expected[event as keyof typeof table][name as RowName];
    test(`${event} where the row is ${name}: ${want}`, () => {
      assert.equal(outcome(apply(row)), want);
    });
  }
}

test("every change moves since and counts the modification up, in the same epoch", () => {
  for (const transition of [
    claim(rows.unclaimed, instanceOf("a"), now),
    start(rows["claimed by A"], startedBy("a"), now),
    fail(rows.unclaimed, "no cell", now),
    unclaim(rows.crashed, now),
    crash(rows["running on A"], instanceOf("a"), "boom", now),
  ]) {
    assert.ok("lrp" in transition);
    assert.equal(transition.lrp.since, now);
    assert.deepEqual(transition.lrp.modificationTag, { epoch: "epoch-1", index: 5 });
  }
});

test("start() writes again where an attribute differs", () => {
  for (const started of [
    { ...startedBy("a"), routable: false },
    { ...startedBy("a"), metricTags: { instance_id: "1" } },
    { ...startedBy("a"), metricTags: {} },
    { ...startedBy("a"), netInfo: { ...netInfo(), address: "127.0.0.2" } },
    { ...startedBy("a"), netInfo: { ...netInfo(), ports: [] } },
  ]) {
    assert.equal(outcome(start(rows["running on A"], started, now)), "RUNNING instance-a");
  }
});

test("crash() keeps the count and the reason in the row that waits anew", () => {
  const transition = crash(rows["running on A"], instanceOf("a"), "Exited with status 1", now);

  assert.equal(transition.kind, "restarted");
  assert.equal(transition.lrp.crashCount, 1);
  assert.equal(transition.lrp.crashReason, "Exited with status 1");
  assert.ok(!("instanceKey" in transition.lrp), "the old instance's key is gone");
});

test("crash() number 3 leaves the row CRASHED", () => {
  const lrp = runningOn("a", { crashCount: 2 });
  assert.equal(crash(lrp, instanceOf("a"), "boom", now).kind, "crashed");
});

test("crash() after five minutes of running restarts at once, whatever the count was", () => {
  const lrp = runningOn("a", { crashCount: 7, since: new Date(now.getTime() - 301_000) });
  const transition = crash(lrp, instanceOf("a"), "boom", now);
  assert.equal(transition.kind, "restarted");
  assert.equal(transition.lrp.crashCount, 1);
});

test("reasons are cut to 1,024 characters", () => {
  const crashed = crash(rows["running on A"], instanceOf("a"), "x".repeat(2_000), now);
  const failed = fail(rows.unclaimed, "y".repeat(1_024), now);

  assert.ok(crashed.kind === "restarted" && failed.kind === "changed");
  assert.equal(crashed.lrp.crashReason, "x".repeat(1_013) + "(truncated)");
  assert.equal(failed.lrp.placementError, "y".repeat(1_024));
});

test("a refusal says who holds the row", () => {
  const transition = claim(rows["claimed by A"], instanceOf("b"), now);
  assert.ok(transition.kind === "refused");
  assert.equal(
    transition.message,
    'Cannot claim instance 0 of "web-1": it is CLAIMED by instance "instance-a" on cell "cell-a"',
  );
});

test("createUnclaimed() and createRunning() begin an epoch", () => {
  const { key } = rows.unclaimed;
  assert.deepEqual(createUnclaimed(key, "e", now).modificationTag, { epoch: "e", index: 0 });
  const running = createRunning(key, startedBy("a"), "e", now);
  assert.equal(running.state, "RUNNING");
  assert.equal(running.modificationTag.epoch, "e");
});

test("withPresence() keeps the instance", () => {
  const suspect = withPresence(runningOn("a"), "SUSPECT", now);
  assert.equal(suspect.presence, "SUSPECT");
  assert.equal(suspect.state, "RUNNING");
  assert.deepEqual(suspect.instanceKey, instanceOf("a"));
});
