import assert from "node:assert/strict";
import { test } from "node:test";
import { canaryStep, startingInstances, targetsOf } from "./deployment-targets.ts";

const base = {
  strategy: "canary" as const,
  originalWebInstances: 10,
  webInstances: null,
  canarySteps: null,
  canaryCurrentStep: 1,
  maxInFlight: 1,
};

const steps: readonly [
  string,
  Partial<Omit<typeof base, "canarySteps" | "webInstances">> & {
    readonly canarySteps?: readonly number[];
    readonly webInstances?: number;
  },
  [number, number],
][] = [
  ["without steps one beside all", {}, [1, 10]],
  ["20 % of 10", { canarySteps: [20, 60] }, [2, 9]],
  ["60 % of 10", { canarySteps: [20, 60], canaryCurrentStep: 2 }, [6, 5]],
  ["100 % of 10", { canarySteps: [100] }, [10, 0]],
  ["1 % of 10 is one", { canarySteps: [1] }, [1, 10]],
  ["50 % of 3 is two", { canarySteps: [50], originalWebInstances: 3 }, [2, 2]],
  ["50 % of fewer instances than before", { canarySteps: [50], webInstances: 4 }, [2, 3]],
  [
    "50 % of more instances than before counts those of before",
    { canarySteps: [50], webInstances: 40 },
    [5, 6],
  ],
];
for (const [what, over, [canary, original]] of steps) {
  test(`a canary step: ${what}`, () => {
    assert.deepEqual(canaryStep({ ...base, ...over }), { canary, original });
  });
}

test("a canary aims at its step, what is deployed at all instances that are wanted", () => {
  const canary = { ...base, canarySteps: [20] };
  assert.deepEqual(targetsOf({ ...canary, state: "PREPAUSED" }), { deploying: 2, total: 11 });
  assert.deepEqual(targetsOf({ ...canary, state: "DEPLOYING" }), { deploying: 10, total: 10 });
  const fewer = { ...canary, webInstances: 4, state: "DEPLOYING" as const };
  assert.deepEqual(targetsOf(fewer), { deploying: 4, total: 4 });
});

test("it begins with as many instances as may be in flight, and no more than it wants", () => {
  assert.equal(startingInstances({ ...base, strategy: "rolling" as const, maxInFlight: 4 }), 4);
  assert.equal(startingInstances({ ...base, strategy: "rolling" as const, maxInFlight: 40 }), 10);
  assert.equal(startingInstances({ ...base, canarySteps: [20], maxInFlight: 40 }), 2);
});
