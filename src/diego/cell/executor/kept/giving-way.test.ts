import assert from "node:assert/strict";
import { test } from "node:test";
import { fromNanoseconds } from "#kernel/clock/clock.ts";
import { givingWay, type Keeping } from "./giving-way.ts";

const roomy = { memoryMb: 10_000, diskMb: 10_000, containers: 10 };

function keeping(guid: string, untilSecond: number, changed: Partial<Keeping> = {}): Keeping {
  const until = fromNanoseconds(BigInt(untilSecond) * 1_000_000_000n);
  return { guid, memoryMb: 1_000, diskMb: 1_000, until, terminals: 0, snapshots: [], ...changed };
}

const [early, late] = [keeping("early", 1), keeping("late", 2)];
const watched = keeping("watched", 0, { terminals: 1 });

const cases: readonly {
  readonly what: string;
  readonly free?: Partial<typeof roomy>;
  readonly most?: number;
  readonly kept: readonly Keeping[];
  readonly gone: readonly string[];
}[] = [
  { what: "with room for all nobody goes", kept: [late, early], gone: [] },
  {
    what: "too little memory takes the one that ends first",
    free: { memoryMb: 1_999 },
    kept: [late, early],
    gone: ["early"],
  },
  {
    what: "too little disk does too",
    free: { diskMb: 1_000 },
    kept: [late, early],
    gone: ["early"],
  },
  {
    what: "no place for a container takes all",
    free: { containers: 0 },
    kept: [late, early],
    gone: ["early", "late"],
  },
  {
    what: "exactly enough is enough",
    free: { memoryMb: 2_000, diskMb: 2_000, containers: 2 },
    kept: [late, early],
    gone: [],
  },
  {
    what: "one in which somebody looks around stays longest",
    most: 1,
    kept: [watched, late],
    gone: ["late"],
  },
  {
    what: "and goes when nothing else is left to go",
    free: { memoryMb: -1 },
    kept: [watched, late],
    gone: ["late", "watched"],
  },
  { what: "where none may be kept none is", most: 0, kept: [early], gone: ["early"] },
];

for (const { what, free, most = 2, kept, gone } of cases) {
  test(`of kept containers: ${what}`, () => {
    assert.deepEqual(givingWay({ ...roomy, ...free }, most, kept), gone);
  });
}
