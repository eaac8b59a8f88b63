import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseLargest } from "./largest-folders.ts";

const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["nothing", [], []],
  [
    "a folder that one of its own explains is left out for it",
    ["900\t/tmp/app/node_modules/big", "950\t/tmp/app/node_modules", "960\t/tmp/app", "970\t/tmp"],
    ["/tmp/app/node_modules/big"],
  ],
  [
    "three at most, the largest first",
    ["10\t/tmp/a", "40\t/tmp/b", "30\t/tmp/c", "20\t/tmp/d", "5\t/home/vcap"],
    ["/tmp/b", "/tmp/c", "/tmp/d"],
  ],
  [
    "what is no line of du is no folder",
    ["du: cannot read", "x\t/tmp", "7\trelative", "8\t/tmp/a\tb"],
    ["/tmp/a\tb"],
  ],
];

for (const [what, lines, expected] of cases) {
  test(`chooseLargest(): ${what}`, () => {
    const chosen = chooseLargest(lines.join("\n")).map(({ path }) => path);

    assert.deepEqual(chosen, expected);
  });
}
