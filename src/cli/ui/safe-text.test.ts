import assert from "node:assert/strict";
import { test } from "node:test";
import { safeText } from "./safe-text.ts";

const cases: readonly (readonly [string, string, string])[] = [
  ["words, tabs and other scripts stay", "\tnäher 日本 🙂", "\tnäher 日本 🙂"],
  ["colours go", "\u001b[31;1mred\u001b[0m", "red"],
  ["the cursor is not moved", "a\u001b[2J\u001b[1;1Hb", "a\\x1b[2J\\x1b[1;1Hb"],
  ["the title is not set", "\u001b]0;owned\u0007", "\\x1b]0;owned\\x07"],
  ["the 8-bit forms do nothing either", "\u009b31m\u0000", "\\x9b31m\\x00"],
  ["a line does not write over another", "good\rbad\b", "good\\x0dbad\\x08"],
  ["text is not turned around", "a\u202egpj.exe\u2066", "a\\u202egpj.exe\\u2066"],
  ["what is cut short is no style", "\u001b[31", "\\x1b[31"],
];

for (const [what, text, expected] of cases) {
  test(`safeText(): ${what}`, () => {
    assert.equal(safeText(text), expected);
  });
}
