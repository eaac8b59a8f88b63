import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createUnclaimed, unclaim, withPresence } from "#diego/models/actual-lrp-transitions.ts";
import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import {
  claimedBy,
  crashedLrp,
  epochStart,
  runningOn,
  unclaimedLrp,
} from "#diego/models/model-builders.ts";
import { planLrpConvergence, type LrpDecision, type LrpFacts } from "./plan-lrp-convergence.ts";

const ago = (ms: number) => new Date(epochStart.getTime() - ms);

function facts(overrides: Partial<LrpFacts> & { readonly instances?: number }): LrpFacts {
  const { instances = 1, ...rest } = overrides;
  return {
    now: epochStart,
    upSince: ago(3_600_000),
    desired: [{ processGuid: "web-1", domain: "cf-apps", instances }],
    actual: [],
    cells: {
      present: new Set(["cell-a", "cell-b"]),
      isComplete: true,
      newestAppearedAt: undefined,
    },
    freshDomains: new Set(["cf-apps"]),
    ...rest,
  };
}

function described(decision: LrpDecision): string {
  switch (decision.kind) {
    case "create":
      return `create ${decision.index.index}`;
    case "promote":
      return `promote ${rowName(decision.suspect)} over ${decision.replacement?.state ?? "nothing"}`;
    case "auction":
    case "unclaim":
    case "suspect":
    case "remove":
    case "retire":
      return `${decision.kind} ${rowName(decision.lrp)}`;
  }
}

function rowName(lrp: ActualLrp): string {
  const presence = lrp.presence === "ORDINARY" ? "" : `${lrp.presence} `;
  return `${presence}${lrp.state} ${lrp.key.index}`;
}

function cells(...names: string[]): LrpFacts["cells"] {
  return {
    present: new Set(names.map((name) => `cell-${name}`)),
    isComplete: true,
    newestAppearedAt: undefined,
  };
}

const suspectA = runningOn("a", { presence: "SUSPECT" });
const unfresh = { freshDomains: new Set<string>() };
const young = ago(1_000);

for (const [name, given, want] of [
  ["missing indices are created", { instances: 2 }, ["create 0", "create 1"]],
  ["missing indices are created in a domain that is not fresh", unfresh, ["create 0"]],
  ["instances in place are left alone", { actual: [runningOn("a")] }, []],
  [
    "an instance that was just offered is left alone",
    { actual: [unclaimedLrp({ since: ago(30_000) })] },
    [],
  ],
  [
    "an instance that nobody took for over 30 s is offered again",
    { actual: [unclaimedLrp({ since: ago(30_001) })] },
    ["auction UNCLAIMED 0"],
  ],
  [
    "an instance that an earlier process left unplaced is offered at once",
    { actual: [unclaimedLrp({ since: young })], upSince: epochStart },
    ["auction UNCLAIMED 0"],
  ],
  [
    "an instance that found no place is offered to a cell that came since",
    {
      actual: [{ ...unclaimedLrp({ since: young }), placementError: "found no compatible cell" }],
      cells: { ...cells("a"), newestAppearedAt: epochStart },
    },
    ["auction UNCLAIMED 0"],
  ],
  [
    "an instance that found no place is not offered to the same cells at once",
    {
      actual: [{ ...unclaimedLrp({ since: young }), placementError: "found no compatible cell" }],
      cells: { ...cells("a"), newestAppearedAt: ago(2_000) },
    },
    [],
  ],
  [
    "nothing is offered before the first cell has come after a start",
    {
      actual: [unclaimedLrp({ since: ago(60_000) })],
      cells: { ...cells(), isComplete: false },
    },
    [],
  ],
  [
    "a crash restarts once its wait is over",
    { actual: [crashedLrp({ since: ago(30_000) })] },
    ["unclaim CRASHED 0"],
  ],
  ["a crash waits", { actual: [crashedLrp({ since: ago(29_000) })] }, []],
  [
    "an instance on a missing cell becomes suspect",
    { actual: [runningOn("a")], cells: cells("b") },
    ["suspect RUNNING 0"],
  ],
  [
    "a claim of a missing cell becomes suspect",
    { actual: [claimedBy("a")], cells: cells("b"), ...unfresh },
    ["suspect CLAIMED 0"],
  ],
  [
    "where every cell is missing, every instance becomes suspect",
    { actual: [runningOn("a"), runningOn("b", { index: 1 })], cells: cells(), instances: 2 },
    ["suspect RUNNING 0", "suspect RUNNING 1"],
  ],
  [
    "no cell counts as missing while a restarted BBS cannot know",
    { actual: [runningOn("a")], cells: { ...cells(), isComplete: false } },
    [],
  ],
  [
    "a suspect waits for its replacement",
    { actual: [suspectA, claimedBy("b")], cells: cells("b") },
    [],
  ],
  [
    "a suspect goes once its replacement runs, even if its cell is back",
    { actual: [suspectA, runningOn("b")] },
    ["remove SUSPECT RUNNING 0"],
  ],
  [
    "a suspect whose cell is back replaces its replacement",
    { actual: [suspectA, claimedBy("b")] },
    ["promote SUSPECT RUNNING 0 over CLAIMED"],
  ],
  [
    "a suspect whose cell is back needs no replacement to be promoted",
    { actual: [suspectA] },
    ["promote SUSPECT RUNNING 0 over nothing"],
  ],
  [
    "a suspect whose cell is back takes over from a replacement whose cell has gone",
    { actual: [suspectA, runningOn("b")], cells: cells("a") },
    ["promote SUSPECT RUNNING 0 over RUNNING"],
  ],
  [
    "a replacement on a missing cell is placed anew, its suspect kept",
    { actual: [suspectA, runningOn("b")], cells: cells("c") },
    ["unclaim RUNNING 0"],
  ],
  [
    "an evacuating instance goes with its cell",
    {
      actual: [runningOn("a", { presence: "EVACUATING" }), runningOn("b")],
      cells: cells("b"),
      ...unfresh,
    },
    ["remove EVACUATING RUNNING 0"],
  ],
  [
    "extra instances are retired",
    { actual: [runningOn("a"), crashedLrp({ index: 1, since: young })] },
    ["retire CRASHED 1"],
  ],
  [
    "extra instances stay in a domain that is not fresh",
    { actual: [runningOn("a"), runningOn("b", { index: 1 })], ...unfresh },
    [],
  ],
  [
    "orphans are retired, suspects among them deleted",
    { desired: [], actual: [runningOn("b"), suspectA] },
    ["remove SUSPECT RUNNING 0", "retire RUNNING 0"],
  ],
  [
    "orphans stay in a domain that is not fresh",
    { desired: [], actual: [runningOn("a"), suspectA], ...unfresh },
    [],
  ],
] satisfies [string, Parameters<typeof facts>[0], string[]][]) {
  test(name, () => {
    assert.deepEqual(planLrpConvergence(facts(given)).map(described), want);
  });
}

const anyRow = fc
  .record({
    index: fc.nat({ max: 3 }),
    cell: fc.constantFrom("a", "b", "c"),
    state: fc.constantFrom("UNCLAIMED", "CLAIMED", "RUNNING", "CRASHED"),
    presence: fc.constantFrom("ORDINARY" as const, "EVACUATING" as const, "SUSPECT" as const),
    ageMs: fc.constantFrom(0, 29_000, 31_000, 1_000_000),
    crashCount: fc.constantFrom(0, 1, 3, 8, 200),
  })
  .map(({ index, cell, state, presence, ageMs, crashCount }): ActualLrp => {
    const common = { index, since: ago(ageMs), crashCount };
    if (presence !== "ORDINARY") {
      return state === "CLAIMED"
        ? claimedBy(cell, { ...common, presence })
        : runningOn(cell, { ...common, presence });
    }
    if (state === "UNCLAIMED") return unclaimedLrp(common);
    if (state === "CLAIMED") return claimedBy(cell, common);
    return state === "RUNNING" ? runningOn(cell, common) : crashedLrp(common);
  });

const anyFacts: fc.Arbitrary<LrpFacts> = fc
  .record({
    actual: fc.uniqueArray(anyRow, { selector: rowKey, maxLength: 12 }),
    instances: fc.option(fc.nat({ max: 3 })),
    present: fc.uniqueArray(fc.constantFrom("cell-a", "cell-b", "cell-c")),
    isComplete: fc.boolean(),
    isFresh: fc.boolean(),
  })
  .map(({ actual, instances, present, isComplete, isFresh }) =>
    facts({
      actual,
      desired: instances === null ? [] : facts({ instances }).desired,
      cells: { present: new Set(present), isComplete, newestAppearedAt: undefined },
      freshDomains: new Set(isFresh ? ["cf-apps"] : []),
    }),
  );

function rowKey(lrp: ActualLrp): string {
  return `${lrp.key.processGuid}/${lrp.key.index}/${lrp.presence}`;
}

/** What the decisions make of the rows; a row that is inserted over another is a fault. */
function applied({ now, actual }: LrpFacts, decisions: readonly LrpDecision[]): ActualLrp[] {
  const rows = new Map(actual.map((lrp) => [rowKey(lrp), lrp]));
  const insert = (lrp: ActualLrp) => {
    assert.ok(!rows.has(rowKey(lrp)), `two rows ${rowKey(lrp)}`);
    rows.set(rowKey(lrp), lrp);
  };
  const take = (lrp: ActualLrp) => assert.ok(rows.delete(rowKey(lrp)), `no row ${rowKey(lrp)}`);
  for (const decision of decisions) {
    switch (decision.kind) {
      case "create":
        insert(createUnclaimed(decision.index, "new", now));
        break;
      case "auction":
        break;
      case "unclaim": {
        const transition = unclaim(decision.lrp, now);
        assert.ok(transition.kind === "changed");
        take(decision.lrp);
        insert(transition.lrp);
        break;
      }
      case "suspect":
        take(decision.lrp);
        insert(withPresence(decision.lrp, "SUSPECT", now));
        insert(createUnclaimed(decision.lrp.key, "new", now));
        break;
      case "promote":
        if (decision.replacement !== undefined) take(decision.replacement);
        take(decision.suspect);
        insert(withPresence(decision.suspect, "ORDINARY", now));
        break;
      case "remove":
      case "retire":
        take(decision.lrp);
        break;
    }
  }
  return [...rows.values()];
}

test("whatever the facts, no index ever gets two rows of one presence", () => {
  fc.assert(
    fc.property(anyFacts, (given) => {
      applied(given, planLrpConvergence(given));
    }),
  );
});

test("whatever the facts, a second plan on the result changes no row", () => {
  fc.assert(
    fc.property(anyFacts, (given) => {
      const actual = applied(given, planLrpConvergence(given));
      const again = planLrpConvergence({ ...given, actual });
      assert.deepEqual(
        again.filter(({ kind }) => kind !== "auction"),
        [],
      );
    }),
  );
});

test("whatever the facts, a desired instance that runs on a cell that is there is left alone", () => {
  fc.assert(
    fc.property(anyFacts, (given) => {
      const instances = given.desired[0]?.instances ?? 0;
      const healthy = given.actual.filter(
        (lrp) =>
          lrp.presence === "ORDINARY" &&
          lrp.state === "RUNNING" &&
          lrp.key.index < instances &&
          given.cells.present.has(lrp.instanceKey.cellId),
      );
      const rest = applied(given, planLrpConvergence(given));
      for (const lrp of healthy) assert.ok(rest.includes(lrp));
    }),
  );
});

test("whatever the facts, every desired index has a row afterwards", () => {
  fc.assert(
    fc.property(anyFacts, (given) => {
      const rest = applied(given, planLrpConvergence(given));
      const instances = given.desired[0]?.instances ?? 0;
      for (let index = 0; index < instances; index += 1) {
        assert.ok(rest.some((lrp) => lrp.presence === "ORDINARY" && lrp.key.index === index));
      }
    }),
  );
});
