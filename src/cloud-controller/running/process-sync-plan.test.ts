import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isEmptyPlan, planProcessSync, type WantedLrp } from "./process-sync-plan.ts";

const lrp = (lrpGuid: string, changes: Partial<WantedLrp> = {}): WantedLrp => ({
  lrpGuid,
  annotation: "1",
  instances: 1,
  routes: { "cf-router": "[]" },
  ...changes,
});

const table = [
  ["what is missing is desired", [lrp("a")], [], { toDesire: ["a"] }],
  ["what is the same is left alone", [lrp("a")], [lrp("a")], {}],
  ["what nobody wants is removed", [], [lrp("a")], { toRemove: ["a"] }],
  [
    "a new version replaces the old",
    [lrp("p-2")],
    [lrp("p-1")],
    { toDesire: ["p-2"], toRemove: ["p-1"] },
  ],
  [
    "another annotation is updated",
    [lrp("a", { annotation: "2" })],
    [lrp("a")],
    { toUpdate: ["a"] },
  ],
  [
    "another number of instances is updated",
    [lrp("a", { instances: 2 })],
    [lrp("a")],
    { toUpdate: ["a"] },
  ],
  [
    "routes that were lost on the way are updated",
    [lrp("a", { routes: { "cf-router": "[1]" } })],
    [lrp("a")],
    { toUpdate: ["a"] },
  ],
  [
    "routes of other kinds are nobody's business",
    [lrp("a")],
    [lrp("a", { routes: { "cf-router": "[]", "diego-ssh": "{}" } })],
    {},
  ],
] as const;

for (const [what, wanted, present, expected] of table) {
  test(what, () => {
    assert.deepEqual(planProcessSync({ wanted, present }), {
      toDesire: [],
      toUpdate: [],
      toRemove: [],
      ...expected,
    });
  });
}

test("once a plan is carried out, the next one is empty", () => {
  const lrps = fc.uniqueArray(
    fc.record({
      lrpGuid: fc.constantFrom("a", "b", "c", "d"),
      annotation: fc.constantFrom("1", "2"),
      instances: fc.nat(3),
      routes: fc.constantFrom({ "cf-router": "[]" }, { "cf-router": "[1]" }),
    }),
    { selector: ({ lrpGuid }) => lrpGuid },
  );
  fc.assert(
    fc.property(lrps, lrps, (wanted, present) => {
      const plan = planProcessSync({ wanted, present });
      const byGuid = new Map<string, WantedLrp>(wanted.map((each) => [each.lrpGuid, each]));
      const after = [
        ...present.filter(({ lrpGuid }) => !plan.toRemove.includes(lrpGuid)),
        ...plan.toDesire.flatMap((guid) => byGuid.get(guid) ?? []),
      ].map((each) =>
        plan.toUpdate.includes(each.lrpGuid) ? (byGuid.get(each.lrpGuid) ?? each) : each,
      );
      return isEmptyPlan(planProcessSync({ wanted, present: after }));
    }),
  );
});
