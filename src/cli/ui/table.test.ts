import assert from "node:assert/strict";
import { test } from "node:test";
import { styled } from "./style.ts";
import { keyValueLines, tableLines } from "./table.ts";

test("columns are as wide as their widest cell and three spaces apart; the last is not filled", () => {
  assert.deepEqual(
    tableLines([
      ["name", "state"],
      ["a-long-name", "started"],
      ["b", ""],
    ]),
    ["name          state", "a-long-name   started", "b             "],
  );
});

test("styles and wide characters do not shift columns", () => {
  assert.deepEqual(
    tableLines([
      [styled("ab", "bold"), "x"],
      ["日本", "y"],
      ["abcd", "z"],
    ]),
    [`${styled("ab", "bold")}     x`, "日本   y", "abcd   z"],
  );
});

test("a prefix stands before every line", () => {
  assert.deepEqual(tableLines([["a", "b"]], { prefix: "\t", gap: 1 }), ["\ta b"]);
});

test("on a terminal long values wrap inside their column, elsewhere not at all", () => {
  const rows = [
    ["routes:", "one.example.com, two.example.com, three.example.com"],
    ["n:", "x"],
  ] as const;

  assert.deepEqual(keyValueLines(rows, 45), [
    "routes:   one.example.com, two.example.com,",
    "          three.example.com",
    "n:        x",
  ]);
  assert.equal(keyValueLines(rows, undefined).length, 2);
});
