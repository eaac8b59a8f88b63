import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planDeployment, type DeploymentFacts, type WebProcess } from "./deployment-plan.ts";

/** `routable/starting/unhealthy`; what is desired is their sum unless it is given. */
function web(guid: string, state: string, over: Partial<WebProcess> = {}): WebProcess {
  const [routable = 0, starting = 0, unhealthy = 0] = state.split("/").map(Number);
  return {
    guid,
    instances: routable + starting + unhealthy,
    counts: { routable, starting, unhealthy, running: routable },
    superseded: undefined,
    ...over,
  };
}

function facts(over: Partial<DeploymentFacts> = {}): DeploymentFacts {
  return {
    state: "DEPLOYING",
    maxInFlight: 1,
    originalWebInstances: 3,
    targets: { deploying: 3, total: 3 },
    deploying: web("new", "0/1"),
    others: [web("old", "3")],
    ...over,
  };
}

interface Expected {
  readonly outcome: string;
  readonly instances?: Readonly<Record<string, number>>;
  readonly remove?: readonly string[];
}

const cases: readonly [string, Partial<DeploymentFacts>, Expected][] = [
  ["waits while its first instance starts", {}, { outcome: "wait" }],
  [
    "waits while an instance is unwell, for as long as that takes",
    { deploying: web("new", "0/0/1") },
    { outcome: "wait" },
  ],
  [
    "gives one old instance up for each new one that is routable, and asks for the next",
    { deploying: web("new", "1") },
    { outcome: "scale", instances: { old: 2, new: 2 } },
  ],
  [
    "gives old ones up for those that are routable also while another is unwell",
    { deploying: web("new", "1/0/1") },
    { outcome: "scale", instances: { old: 2 } },
  ],
  [
    "asks for as many at once as may be in flight",
    {
      deploying: web("new", "2"),
      maxInFlight: 2,
      targets: { deploying: 9, total: 9 },
      others: [web("old", "9")],
    },
    { outcome: "scale", instances: { old: 7, new: 4 } },
  ],
  [
    "never asks for more than the target",
    { deploying: web("new", "2"), maxInFlight: 5 },
    { outcome: "scale", instances: { old: 1, new: 3 } },
  ],
  [
    "waits while Diego has not caught up with the last step",
    { deploying: web("new", "1", { instances: 3 }), others: [web("old", "2")] },
    { outcome: "wait" },
  ],
  [
    "keeps the oldest process at 0 until the end",
    {
      deploying: web("new", "2/1"),
      others: [web("old", "1")],
      targets: { deploying: 3, total: 2 },
    },
    { outcome: "scale", instances: { old: 0 } },
  ],
  [
    "takes the oldest instances first, and removes an interim process that has none left",
    {
      deploying: web("new", "2"),
      others: [web("old", "1"), web("interim", "2", { superseded: "while-deploying" })],
    },
    { outcome: "scale", instances: { old: 0, interim: 1, new: 3 } },
  ],
  [
    "removes the interim process once all of it is replaced",
    {
      deploying: web("new", "2/1"),
      targets: { deploying: 3, total: 2 },
      others: [
        web("old", "", { instances: 0 }),
        web("interim", "1", { superseded: "while-deploying" }),
      ],
    },
    { outcome: "scale", remove: ["interim"] },
  ],
  [
    "is over once all new instances are routable, and removes every other web process",
    { deploying: web("new", "3"), others: [web("old", "1"), web("interim", "1")] },
    { outcome: "finish", remove: ["old", "interim"] },
  ],
  [
    "is not over while one of them is not routable again",
    { deploying: web("new", "2/1"), others: [web("old", "1")] },
    { outcome: "wait" },
  ],
  [
    "of no instances is over at once",
    { deploying: web("new", ""), targets: { deploying: 0, total: 0 }, others: [web("old", "")] },
    { outcome: "finish", remove: ["old"] },
  ],
  [
    "takes the instances of a canary that was given up at once",
    { others: [web("old", "2"), web("canary", "2", { superseded: "while-canceled" })] },
    { outcome: "scale", instances: { canary: 0 } },
  ],
  [
    "but not where they are all that serves",
    {
      others: [
        web("old", "", { instances: 0 }),
        web("canary", "3", { superseded: "while-canceled" }),
      ],
    },
    { outcome: "wait" },
  ],
  [
    "as a canary brings up its instances and pauses",
    { state: "PREPAUSED", targets: { deploying: 1, total: 4 }, deploying: web("new", "1") },
    { outcome: "pause" },
  ],
  [
    "as a canary of a later step gives old ones up before it pauses",
    {
      state: "PREPAUSED",
      targets: { deploying: 2, total: 4 },
      deploying: web("new", "2"),
      others: [web("old", "3")],
    },
    { outcome: "pause", instances: { old: 2 } },
  ],
  [
    "is left alone while it is paused",
    { state: "PAUSED", deploying: web("new", "1") },
    { outcome: "wait" },
  ],
  [
    "that is canceled goes back to the old process in full",
    { state: "CANCELING", deploying: web("new", "2"), others: [web("old", "1")] },
    { outcome: "cancel", instances: { old: 3 }, remove: ["new"] },
  ],
  [
    "that is canceled goes back to the newest interim process that runs",
    {
      state: "CANCELING",
      deploying: web("new", "1"),
      others: [
        web("old", "1"),
        web("interim", "1", { superseded: "while-deploying" }),
        web("crashed", "0/0/1", { superseded: "while-deploying" }),
        web("canary", "1", { superseded: "while-canceled" }),
      ],
    },
    {
      outcome: "cancel",
      instances: { interim: 3 },
      remove: ["old", "crashed", "canary", "new"],
    },
  ],
  [
    "that is canceled where nothing else serves waits for the old process to serve again",
    { state: "CANCELING", deploying: web("new", "3"), others: [web("old", "", { instances: 0 })] },
    { outcome: "scale", instances: { old: 3 } },
  ],
  [
    "that waits so goes on when the old process does",
    { state: "CANCELING", deploying: web("new", "3"), others: [web("old", "1/2")] },
    { outcome: "cancel", remove: ["new"] },
  ],
  [
    "that is canceled where nothing serves at all has nothing to wait for",
    {
      state: "CANCELING",
      deploying: web("new", "0/0/1"),
      others: [web("old", "", { instances: 0 })],
    },
    { outcome: "cancel", instances: { old: 3 }, remove: ["new"] },
  ],
];
for (const [what, over, expected] of cases) {
  test(`a deployment ${what}`, () => {
    const { outcome, instances, remove } = planDeployment(facts(over));

    assert.deepEqual(
      { outcome, instances: Object.fromEntries(instances), remove },
      { instances: {}, remove: [], ...expected },
    );
  });
}

test("whatever becomes of its instances, as many serve as are wanted; when all do well it ends", () => {
  const run = fc.record({
    total: fc.integer({ min: 1, max: 12 }),
    maxInFlight: fc.integer({ min: 1, max: 5 }),
    // One entry a round: how many of the instances that are not well yet become so.
    rounds: fc.array(fc.nat(5), { maxLength: 40 }),
  });
  fc.assert(
    fc.property(run, ({ total, maxInFlight, rounds }) => {
      const numbers = new Map([
        ["old", total],
        ["new", Math.min(maxInFlight, total)],
      ]);
      const targets = { deploying: total, total };
      let routable = 0;
      let isOver = false;
      for (const well of [...rounds, ...Array<number>(3 * total).fill(total)]) {
        const wanted = numbers.get("new") ?? 0;
        routable = Math.min(wanted, routable + well);
        const plan = planDeployment({
          state: "DEPLOYING",
          maxInFlight,
          originalWebInstances: total,
          targets,
          deploying: web("new", `${routable}/${wanted - routable}`),
          others: [web("old", String(numbers.get("old") ?? 0))],
        });
        if (plan.outcome === "finish") {
          isOver = true;
          assert.equal(routable, total);
          break;
        }
        for (const [guid, instances] of plan.instances) numbers.set(guid, instances);
        assert.ok((numbers.get("old") ?? 0) + routable >= total, "too few serve");
        assert.ok((numbers.get("new") ?? 0) - routable <= maxInFlight, "too many in flight");
      }
      assert.ok(isOver, "it does not end");
    }),
  );
});
