import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkPath, checkTree, isPlainPath } from "./check-entries.ts";

const segment = fc.oneof(
  fc.constantFrom(
    "",
    ".",
    "..",
    "...",
    ".env",
    "a",
    "a.",
    "..a",
    "-",
    "~",
    "\\",
    "é",
    "\u007f",
    "\n",
  ),
  fc.string({ maxLength: 4 }),
  fc.string({ minLength: 250, maxLength: 260 }),
);

test("a path that is taken at a glance is one that the full check takes", () => {
  const paths = fc.array(segment, { maxLength: 110 }).map((segments) => segments.join("/"));
  let plain = 0;

  fc.assert(
    fc.property(paths, (path) => {
      if (!isPlainPath(path)) return;
      plain += 1;
      checkPath(path);
    }),
    { numRuns: 2_000 },
  );

  assert.ok(plain > 20, `only ${plain} paths were plain`);
});

test("the paths of usual files are taken at a glance, odd ones only by the full check", () => {
  for (const path of ["a", ".env", "node_modules/.bin/tsc", "a b/c-d_e/f.min.js", "@x/y+z~1"]) {
    assert.equal(isPlainPath(path), true, path);
  }
  for (const path of [
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    ".",
    "..",
    "a/..",
    "a/.",
    "./a",
    "../a",
    "é",
    "a\tb",
  ]) {
    assert.equal(isPlainPath(path), false, path);
  }
  assert.doesNotThrow(() => checkPath("é/..."));
});

test("names that together make more folders than a cell has room for are refused", () => {
  const folders = "d/".repeat(99);
  const files = Array.from({ length: 10_000 }, (_, at) => ({
    name: `${at}/${folders}f`,
    kind: "file" as const,
  }));

  assert.doesNotThrow(() => checkTree(files));
  assert.throws(
    () => checkTree([...files, { name: "one/more", kind: "file" }]),
    /its paths make more than 1000000 folders/,
  );
});
