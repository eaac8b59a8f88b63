import assert from "node:assert/strict";
import { test } from "node:test";
import type { Observed, ObservationBatch } from "#diego/models/observation.ts";
import { interpretRecords } from "./interpret-records.ts";
import { nothingYet } from "./observation-table.ts";

/** Records a second apart, numbered from `first`. */
function batch(what: readonly Observed[], options: { run?: string; first?: number } = {}) {
  const first = options.first ?? 1;
  const records = what.map((each, at) => ({
    number: first + at,
    at: (first + at) * 1_000,
    what: each,
  }));
  return { run: options.run ?? "run-1", records, closed: false } satisfies ObservationBatch;
}

const line = (text: string, type: "OUT" | "ERR" = "OUT", source = "STG"): Observed => ({
  kind: "line",
  type,
  source,
  text,
});
const trace = (content: object): Observed => ({ kind: "trace", text: JSON.stringify(content) });
const process: Observed = {
  kind: "span",
  name: "process",
  subject: "/tmp/lifecycle/builder",
  startedAt: 0,
  outcome: "exit status 223",
  facts: { exitStatus: 223, outOfMemory: true, memoryPeakBytes: 7 },
};
const nameOf = (key: string) => (key === "key-1" ? "nodejs_buildpack" : key);

test("a line belongs to the phase that the builder was in when it came, the cell's own lines to none", () => {
  const { lines, spans } = interpretRecords(
    nothingYet,
    batch([
      line("Downloading app package..."),
      trace({ phase: "supply", buildpack: "key-1", started_ms: 500 }),
      line("installing"),
      line("Cell cell-1 says", "OUT", "CELL"),
      trace({
        phase: "supply",
        buildpack: "key-1",
        started_ms: 500,
        ended_ms: 3_500,
        outcome: "ok",
      }),
      line("between"),
    ]),
    nameOf,
  );

  assert.deepEqual(
    lines.map(({ number, phase, buildpack, text }) => [number, phase, buildpack, text]),
    [
      [1, undefined, undefined, "Downloading app package..."],
      [2, "supply", "nodejs_buildpack", "installing"],
      [3, undefined, undefined, "Cell cell-1 says"],
      [4, undefined, undefined, "between"],
    ],
  );
  assert.deepEqual(spans, [
    {
      name: "supply",
      subject: "nodejs_buildpack",
      from: "builder",
      startedAt: 2_000,
      endedAt: 5_000,
      outcome: "ok",
    },
  ]);
});

test("a phase that the builder's end has cut short is interrupted, with the last that it said", () => {
  const { progress, spans } = interpretRecords(
    nothingYet,
    batch([
      trace({ phase: "finalize", buildpack: "key-1", started_ms: 0 }),
      line("a"),
      line("b", "ERR"),
      process,
    ]),
    nameOf,
  );

  const [finalize, builder] = spans;
  assert.deepEqual(
    [finalize?.name, finalize?.outcome, finalize?.errors, finalize?.endedAt],
    ["finalize", "interrupted", "a\nb\n", 4_000],
  );
  assert.deepEqual(
    [builder?.outcome, builder?.outOfMemory, builder?.memoryPeakBytes],
    ["exit status 223", true, 7],
  );
  assert.equal(progress.phase, undefined);
});

test("what comes again adds nothing, and what goes on adds to it", () => {
  const first = batch([line("a"), trace({ phase: "supply", started_ms: 0 }), line("b")]);
  const before = interpretRecords(nothingYet, first, nameOf).progress;

  const again = interpretRecords(before, first, nameOf);
  assert.deepEqual([again.lines, again.spans, again.progress], [[], [], before]);

  const more = interpretRecords(before, batch([line("b"), line("c")], { first: 3 }), nameOf);
  assert.deepEqual(
    more.lines.map(({ number, phase, text }) => [number, phase, text]),
    [[3, "supply", "c"]],
  );
});

test("records that the cell dropped leave a gap in the numbers; a run anew goes on counting lines", () => {
  const before = interpretRecords(nothingYet, batch([line("a")]), nameOf).progress;
  const gap = interpretRecords(before, batch([line("z")], { first: 11 }), nameOf);
  assert.deepEqual(
    gap.lines.map(({ number }) => number),
    [11],
  );

  const anew = interpretRecords(gap.progress, batch([line("again")], { run: "run-2" }), nameOf);
  assert.deepEqual(
    anew.lines.map(({ number, text }) => [number, text]),
    [[12, "again"]],
  );
});

const hostile: readonly string[] = [
  "no json",
  "[]",
  '{"phase":"UPPER","started_ms":1}',
  '{"phase":"supply"}',
  '{"phase":"supply","started_ms":-1}',
  '{"phase":"supply","started_ms":1e300}',
  `{"phase":"supply","started_ms":1,"buildpack":"${"x".repeat(5_000)}"}`,
];

for (const text of hostile) {
  test(`a trace that no builder writes is left alone: ${text.slice(0, 40)}`, () => {
    const { lines, spans, progress } = interpretRecords(
      nothingYet,
      batch([{ kind: "trace", text }, line("after")]),
      nameOf,
    );

    assert.deepEqual([spans, progress.phase, lines.length], [[], undefined, 1]);
  });
}

test("a container that pretends to be the builder fills no more than 500 spans", () => {
  const flood = Array.from({ length: 1_500 }, (_, at) =>
    trace({ phase: "detect", started_ms: at, ended_ms: at, outcome: "ok" }),
  );

  const { spans, progress } = interpretRecords(nothingYet, batch(flood), nameOf);

  assert.deepEqual([spans.length, progress.spans], [500, 500]);
});
