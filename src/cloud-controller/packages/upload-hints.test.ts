import assert from "node:assert/strict";
import { test } from "node:test";
import { hintsFor } from "./upload-hints.ts";

test("thousands of installed files beside a lock file are worth a hint, else nothing is", () => {
  const modules = (count: number) =>
    Array.from({ length: count }, (_, n) => `node_modules/left-pad/${n}.js`);
  const cases: [string, readonly string[], RegExp | undefined][] = [
    [
      "a lock file",
      [...modules(1000), "package-lock.json"],
      /1000 files of node_modules.*install from package-lock\.json/,
    ],
    ["another lock file", ["yarn.lock", ...modules(1500)], /1500 files.*yarn\.lock/],
    ["no lock file", [...modules(5000), "package.json"], undefined],
    ["a lock file of a dependency", [...modules(5000), "lib/yarn.lock"], undefined],
    ["few files", [...modules(999), "package-lock.json"], undefined],
    ["no modules", ["package-lock.json", "server.js"], undefined],
  ];
  for (const [name, paths, hint] of cases) {
    const hints = hintsFor(paths);
    assert.equal(hints.length, hint === undefined ? 0 : 1, name);
    if (hint !== undefined) assert.match(hints[0] ?? "", hint);
  }
});
