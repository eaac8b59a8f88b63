import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { lookAround, nearestMiss } from "./nearest-miss.ts";

const cases: readonly (readonly [string, string, readonly string[], string | undefined])[] = [
  [
    "a file one folder deeper",
    "nodejs",
    ["README.md", "web/package.json"],
    "package.json is in the folder web: push that folder (-p web) if it is the app",
  ],
  [
    "a file under another case",
    "ruby",
    ["gemfile"],
    "gemfile is there, but its name must be written Gemfile",
  ],
  [
    "nothing where the file is there, and something else was wrong",
    "python",
    ["setup.py"],
    undefined,
  ],
  [
    "nothing in what the package manager brought",
    "nodejs",
    ["node_modules/package.json"],
    undefined,
  ],
  [
    "nothing of a language that is not in the table",
    "constructor",
    ["web/package.json"],
    undefined,
  ],
  ["nothing two folders deeper", "go", ["a/b/go.mod"], undefined],
];

for (const [what, language, files, expected] of cases) {
  test(`nearestMiss() finds ${what}`, (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), "nearest-"));
    t.after(() => rmSync(directory, { recursive: true }));
    for (const file of files) {
      mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
      writeFileSync(path.join(directory, file), "");
    }

    assert.equal(nearestMiss(language, lookAround(directory)), expected);
  });
}

test("lookAround() sees nothing where there is no folder", () => {
  assert.deepEqual(lookAround("/no/such/folder"), { root: [], folders: new Map() });
});
