import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import { reportInstances } from "./instance-states.ts";

const now = new Date("2030-01-01T00:01:00Z");
const base = (index: number, since: string) => ({
  key: { processGuid: "p-v", index, domain: "cf-apps" },
  crashCount: 0,
  crashReason: "",
  since: new Date(since),
  modificationTag: { epoch: "e", index: 0 },
  presence: "ORDINARY" as const,
});
const instanceKey = { instanceGuid: "i", cellId: "c" };
const running: ActualLrp = {
  ...base(0, "2030-01-01T00:00:30Z"),
  state: "RUNNING",
  instanceKey,
  netInfo: {
    address: "10.0.0.1",
    ports: [],
    instanceAddress: "10.1.0.1",
    preferredAddress: "HOST",
  },
  metricTags: {},
  routable: true,
};
const report = (lrps: readonly ActualLrp[], instances: number) =>
  reportInstances(lrps, { instances, now }).map(({ lrp: _lrp, ...shown }) => shown);

test("each desired index has an entry, also where the BBS knows of none", () => {
  assert.deepEqual(report([running], 2), [
    { index: 0, state: "RUNNING", seconds: 30, details: null },
    { index: 1, state: "DOWN", seconds: 0, details: null },
  ]);
});

test("what is claimed or waits for a place is STARTING; what found none is DOWN and says why", () => {
  const lrps: ActualLrp[] = [
    { ...base(0, "2030-01-01T00:00:59Z"), state: "CLAIMED", instanceKey },
    { ...base(1, "2030-01-01T00:00:59Z"), state: "UNCLAIMED", placementError: "" },
    {
      ...base(2, "2030-01-01T00:00:59Z"),
      state: "UNCLAIMED",
      placementError: "insufficient resources: memory",
    },
    { ...base(3, "2030-01-01T00:00:59Z"), state: "CRASHED" },
  ];

  assert.deepEqual(
    report(lrps, 4).map(({ state, details }) => [state, details]),
    [
      ["STARTING", null],
      ["STARTING", null],
      ["DOWN", "insufficient resources: memory"],
      ["CRASHED", null],
    ],
  );
});

test("of two LRPs of an index the later counts, and indexes beyond the desired are left out", () => {
  const older: ActualLrp = { ...base(0, "2030-01-01T00:00:00Z"), state: "CRASHED" };
  const beyond: ActualLrp = { ...base(7, "2030-01-01T00:00:00Z"), state: "CRASHED" };

  assert.deepEqual(
    report([older, running, beyond], 1).map(({ state }) => state),
    ["RUNNING"],
  );
});
