import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyLog, withLines, type LogLine } from "./log-line.ts";
import { lastWords, rowOfFailure, rowsOf, sectionsOf, windowOf } from "./log-rows.ts";

function lines(...phases: (string | undefined)[]): LogLine[] {
  return phases.map((phase, index) => ({
    number: index + 1,
    at: 0,
    isError: false,
    source: "STG",
    phase,
    buildpack: phase === "supply" ? "nodejs" : undefined,
    text: `line ${index + 1}`,
  }));
}

const failed =
  "BuildpackCompileFailed - App staging failed in the buildpack compile phase: supply of nodejs ended with exit status 1";
const undetected = "NoAppDetectedError - An app was not successfully detected";
const ofNoPhase = "StagingError - Staging error: staging failed: Procfile: no YAML";

test("a failed build's log opens at the phase that failed, with the lines outside of phases around it", () => {
  const log = lines(undefined, "detect", "detect", "supply", "supply", "supply", undefined);

  const sections = sectionsOf(log, failed);
  const rows = rowsOf(sections, ({ isRed }) => isRed);

  assert.deepEqual(
    rows.map((row) =>
      row.kind === "line" ? row.line.number : `${row.section.title} ${row.isOpen}`,
    ),
    [1, "detect false", "supply nodejs true", 4, 5, 6, 7],
  );
  for (const error of [null, ofNoPhase, failed.replace("nodejs", "nodejs2")]) {
    assert.ok(!sectionsOf(log, error).some(({ isRed }) => isRed));
  }
});

test("many lines of the cell fold, few do not, and a log without phases is shown whole", () => {
  const many = Array.from({ length: 9 }, () => undefined);
  const shown = (log: LogLine[]) =>
    rowsOf(sectionsOf(log, undetected), () => false).map((row) =>
      row.kind === "line" ? row.line.number : row.section.title,
    );

  assert.deepEqual(shown(lines(...many, "detect", undefined)), ["cell", "detect", 11]);
  assert.equal(shown(lines(...many)).length, 9);
});

test("the last words are those of the phase that failed, unless it asked all buildpacks", () => {
  const words = (error: string, ...phases: (string | undefined)[]) =>
    lastWords(sectionsOf(lines(...phases), error), 2).map(({ number }) => number);

  assert.deepEqual(words(failed, undefined, "detect", "supply", "supply", "supply"), [4, 5]);
  assert.deepEqual(words(undetected, undefined, "detect", "detect", undefined), []);
  assert.deepEqual(words(undetected, undefined), []);
});

test("where no phase failed the last words are what the builder complained of after them", () => {
  const log = lines("supply", undefined, undefined, undefined).map((line) => ({
    ...line,
    isError: line.number !== 3,
  }));

  const words = lastWords(sectionsOf(log, ofNoPhase), 8);

  assert.deepEqual(
    words.map(({ number }) => number),
    [2, 4],
  );
});

test("a complete log is looked at first where what failed ends, unless that is folded", () => {
  const sections = sectionsOf(lines(undefined, "detect", "supply", "supply", undefined), failed);

  assert.equal(rowOfFailure(rowsOf(sections, ({ isRed }) => isRed)), 4);
  assert.equal(rowOfFailure(rowsOf(sections, () => true)), 5);
  assert.equal(rowOfFailure(rowsOf(sections, () => false)), undefined);
  assert.equal(rowOfFailure(rowsOf(sectionsOf(lines("supply"), null), () => true)), undefined);
});

test("a section keeps its key as lines are added to it", () => {
  const before = sectionsOf(lines("detect", "supply"), null);
  const after = sectionsOf(lines("detect", "supply", "supply"), null);

  assert.deepEqual(
    after.map(({ key }) => key),
    before.map(({ key }) => key),
  );
});

test("a log holds its newest lines, and counts those that are gone", () => {
  const held = withLines(
    withLines(emptyLog, lines(undefined, undefined, undefined), 4),
    lines(undefined, undefined),
    4,
  );

  assert.equal(held.lines.length, 4);
  assert.equal(held.gone, 1);
});

test("of 50,000 rows only what is seen and some around it stand in the document", () => {
  for (const [scrollTop, first, end] of [
    [0, 0, 45],
    [2_000, 80, 145],
    [1_000_000 - 500, 49_955, 50_000],
    [9_999_999, 49_975, 50_000],
  ] as const) {
    const found = windowOf({ rows: 50_000, rowHeight: 20, scrollTop, height: 500 });
    assert.deepEqual(found, { first, end });
  }
  const few = windowOf({ rows: 3, rowHeight: 20, scrollTop: 0, height: 500 });
  assert.deepEqual(few, { first: 0, end: 3 });
});
