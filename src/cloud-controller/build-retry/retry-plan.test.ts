import assert from "node:assert/strict";
import { test } from "node:test";
import { planRetry } from "./retry-plan.ts";

const snapshots = [
  { script: "supply:0", buildpack: "g0_sha", isFirst: true },
  { script: "supply:1", buildpack: "g1_sha", isFirst: false },
  { script: "finalize:1", buildpack: "g1_sha", isFirst: false },
];
const named = ["first", "https://example.com/second.git"];
const detected = [{ script: "supply:0", buildpack: "g0_sha", isFirst: true }];

const cases: readonly {
  readonly what: string;
  readonly buildpacks?: readonly string[];
  readonly of?: typeof snapshots;
  readonly from?: string;
  readonly planned: object;
}[] = [
  {
    what: "without a wish it goes on at the script that came last",
    planned: { script: "finalize:1", isFirst: false, index: 1, buildpacks: named },
  },
  {
    what: "any earlier one may be wished for",
    from: "supply:1",
    planned: { script: "supply:1", isFirst: false, index: 1, buildpacks: named },
  },
  {
    what: "the first one begins anew",
    from: "supply:0",
    planned: { script: "supply:0", isFirst: true, index: 0, buildpacks: named },
  },
  {
    what: "a buildpack that was detected is named",
    buildpacks: [],
    of: detected,
    planned: { script: "supply:0", isFirst: true, index: 0, buildpacks: ["nodejs"] },
  },
  {
    what: "an unknown script is answered with those that there are",
    from: "compile:0",
    planned: {
      reason:
        'This staging cannot go on from "compile:0". It can from supply:0, supply:1, finalize:1',
    },
  },
  {
    what: "without any there is nothing to go on from",
    of: [],
    planned: {
      reason:
        "There is nothing to go on from: the staging failed before its first script began, or its cell cannot keep what scripts find. Stage again",
    },
  },
  {
    what: "a detected buildpack that was deleted is missed",
    buildpacks: [],
    of: snapshots.slice(1),
    planned: { reason: "The buildpack that staged it is not there any more. Stage again" },
  },
];

for (const { what, buildpacks = named, of = snapshots, from, planned } of cases) {
  test(`a retry: ${what}`, () => {
    const nameOf = (key: string) => (key === "g0_sha" ? "nodejs" : undefined);

    const { kind: _kind, ...found } = planRetry({ buildpacks }, of, { from, nameOf });

    assert.deepEqual("plan" in found ? found.plan : found, planned);
  });
}
