import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span } from "./observation-table.ts";
import { criticalPath, timelineOf, type TimelineFacts } from "./timeline.ts";

function span(name: string, from: number, to: number, more: Partial<Span> = {}): Span {
  const isBuilder = ["detect", "supply", "finalize", "droplet"].includes(name);
  return {
    name,
    subject: "",
    from: isBuilder ? "builder" : "cell",
    startedAt: from,
    endedAt: to,
    outcome: "ok",
    ...more,
  };
}

const paths: readonly (readonly [
  string,
  readonly [string, number, number][],
  readonly string[],
])[] = [
  [
    "one after the other",
    [
      ["a", 0, 10],
      ["b", 10, 20],
    ],
    ["a", "b"],
  ],
  [
    "of two at once the one that ends later",
    [
      ["a", 0, 10],
      ["b", 0, 30],
      ["c", 30, 40],
    ],
    ["b", "c"],
  ],
  [
    "what waited for nothing is not on it",
    [
      ["a", 0, 10],
      ["b", 12, 15],
      ["c", 11, 40],
    ],
    ["a", "c"],
  ],
  [
    "a pause between two breaks nothing",
    [
      ["a", 0, 10],
      ["b", 50, 60],
    ],
    ["a", "b"],
  ],
  [
    "what took no time decides nothing",
    [
      ["a", 0, 10],
      ["b", 10, 10],
    ],
    ["a"],
  ],
  ["nothing of nothing", [], []],
];

for (const [what, pieces, expected] of paths) {
  test(`the critical path: ${what}`, () => {
    const named = pieces.map(([name, startedAt, endedAt]) => ({ name, startedAt, endedAt }));

    const found = [...criticalPath(named)].map(({ name }) => name);

    assert.deepEqual(found.sort(), [...expected].sort());
  });
}

test("of a staging that goes on the last piece is what it is at, to now", () => {
  const place = span("place", 1_200, 1_210);
  const running = { name: "supply", subject: "b", startedAt: 2_000 };
  const whole = { createdAt: 1_000, endedAt: undefined, now: 9_000, previous: [] };
  const last = (facts: Partial<TimelineFacts>) => {
    const { pieces, endedAt } = timelineOf({ ...whole, spans: [], ...facts });
    assert.equal(endedAt, 9_000);
    return pieces
      .filter(({ isRunning }) => isRunning)
      .map(({ name, startedAt, endedAt: end }) => [name, startedAt, end]);
  };

  assert.deepEqual(last({}), [["queue", 1_000, 9_000]]);
  assert.deepEqual(last({ spans: [place] }), []);
  assert.deepEqual(last({ spans: [place], running }), [["supply", 2_000, 9_000]]);
  const { pieces } = timelineOf({ ...whole, spans: [place], running, endedAt: 8_000 });
  assert.ok(!pieces.some(({ isRunning, name }) => isRunning || name === "supply"));
});

test("queue and callback are what the cell did not do, and the builder's time is that of its phases", () => {
  const { pieces, startedAt, endedAt } = timelineOf({
    createdAt: 1_000,
    endedAt: 9_500,
    spans: [
      span("place", 1_200, 1_210),
      span("download", 1_210, 2_000, { subject: "app package", bytes: 5, cached: false }),
      span("container", 2_000, 2_400),
      span("detect", 2_500, 2_600, { subject: "go_buildpack", outcome: "exit status 1" }),
      span("supply", 2_600, 8_000, { subject: "nodejs_buildpack" }),
      span("process", 2_400, 8_200),
      span("upload", 8_200, 9_000, { subject: "droplet" }),
    ],
    previous: [],
  });

  assert.deepEqual([startedAt, endedAt], [1_000, 9_500]);
  assert.deepEqual(
    pieces.map(({ name, isCritical }) => [name, isCritical]),
    [
      ["queue", true],
      ["place", true],
      ["download", true],
      ["container", true],
      ["process", false],
      ["detect", true],
      ["supply", true],
      ["upload", true],
      ["callback", true],
    ],
  );
});

test("a cell whose clock is ahead or behind makes no time negative", () => {
  const { pieces, startedAt, endedAt } = timelineOf({
    createdAt: 5_000,
    endedAt: 6_000,
    spans: [span("place", 1_000, 1_010), span("process", 1_010, 20_000)],
    previous: [],
  });

  assert.deepEqual([startedAt, endedAt], [1_000, 20_000]);
  assert.ok(pieces.every((piece) => piece.endedAt >= piece.startedAt));
});

const supply = (ms: number) => span("supply", 0, ms, { subject: "nodejs_buildpack" });
const cache = span("download", 0, 1, { subject: "build artifacts cache" });
const detect = (version: string) => span("detect", 0, 1, { subject: "nodejs_buildpack", version });
const bits = (cached: boolean, ms: number) =>
  span("download", 0, ms, { subject: "nodejs_buildpack", cached });

const comparisons: readonly (readonly [
  string,
  { now: readonly Span[]; before: readonly (readonly Span[])[] },
  number | undefined,
  string | undefined,
])[] = [
  ["nothing to compare with", { now: [supply(900)], before: [] }, undefined, undefined],
  ["about as long", { now: [supply(1_300)], before: [[supply(1_000)]] }, 1_000, undefined],
  [
    "slower without a cache that was there",
    { now: [supply(41_000)], before: [[supply(12_000), cache]] },
    12_000,
    "there was no build cache: it was cleared, or the stack changed",
  ],
  [
    "slower, and it is not known why; the middle one of three counts",
    {
      now: [supply(41_000), cache],
      before: [[supply(12_000), cache], [supply(90_000)], [supply(11_000)]],
    },
    12_000,
    undefined,
  ],
  [
    "slower with another buildpack",
    { now: [supply(5_000), detect("2")], before: [[supply(1_000), detect("1")]] },
    1_000,
    "the buildpack is another: 2, was 1",
  ],
  [
    "a download that the cell did not have",
    { now: [bits(false, 4_000)], before: [[bits(true, 3)]] },
    3,
    "it was not on this cell yet",
  ],
];

for (const [what, { now, before }, wasMs, because] of comparisons) {
  test(`compared with the builds before: ${what}`, () => {
    const facts = { createdAt: 0, endedAt: undefined, spans: now, previous: before };

    const [piece] = timelineOf(facts).pieces.filter(({ name }) => name === now[0]?.name);

    assert.deepEqual([piece?.wasMs, piece?.because], [wasMs, because]);
  });
}
