import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyLog, withLines, type LogLine } from "./log-line.ts";
import { lastWords, rowsOf, sectionsOf, windowOf } from "./log-rows.ts";

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

test("a failed build's log opens at the phase that failed, with the lines outside of phases around it", () => {
  const log = lines(undefined, "detect", "detect", "supply", "supply", "supply", undefined);

  const sections = sectionsOf(log, { hasFailed: true });
  const rows = rowsOf(sections, ({ isRed }) => isRed);

  assert.deepEqual(
    rows.map((row) =>
      row.kind === "line" ? row.line.number : `${row.section.title} ${row.isOpen}`,
    ),
    [1, "detect false", "supply nodejs true", 4, 5, 6, 7],
  );
  assert.equal(
    sectionsOf(log, { hasFailed: false }).some(({ isRed }) => isRed),
    false,
  );
});

test("many lines of the cell fold, few do not, and a log without phases is shown whole", () => {
  const many = Array.from({ length: 9 }, () => undefined);
  const shown = (log: LogLine[]) =>
    rowsOf(sectionsOf(log, { hasFailed: true }), () => false).map((row) =>
      row.kind === "line" ? row.line.number : row.section.title,
    );

  assert.deepEqual(shown(lines(...many, "detect", undefined)), ["cell", "detect", 11]);
  assert.equal(shown(lines(...many)).length, 9);
});

test("the last words are those of the phase that failed, unless it asked all buildpacks", () => {
  const words = (...phases: (string | undefined)[]) =>
    lastWords(sectionsOf(lines(...phases), { hasFailed: true }), 2).map(({ number }) => number);

  assert.deepEqual(words(undefined, "detect", "supply", "supply", "supply", undefined), [4, 5]);
  assert.deepEqual(words(undefined, "detect", "detect", undefined), []);
  assert.deepEqual(words(undefined), []);
});

test("a section keeps its key as lines are added to it", () => {
  const before = sectionsOf(lines("detect", "supply"), { hasFailed: false });
  const after = sectionsOf(lines("detect", "supply", "supply"), { hasFailed: false });

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
