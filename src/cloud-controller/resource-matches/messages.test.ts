import assert from "node:assert/strict";
import { test } from "node:test";
import { CfError } from "../http/cf-errors.ts";
import { parseResourceMatches, parseUploadResources } from "./messages.ts";

const sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
const good = { checksum: { value: sha1 }, size_in_bytes: 3, path: "dir/a.txt", mode: "644" };

const one = "Resources array contains at least one";
const sizes = "All sizes must be non-negative integers";

function refusal(act: () => unknown): string {
  try {
    return `accepted: ${JSON.stringify(act())}`;
  } catch (error) {
    assert.ok(error instanceof CfError, String(error));
    return error.entries.map(({ detail }) => detail).join(" | ");
  }
}

/** No match is remembered. */
const none = () => undefined;

test("the faults of a question, each in Cloud Controller's words", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, "Resources must be an array"],
    [null, "Resources must be an array"],
    [[], "Resources must be an array"],
    [{ resources: {} }, "Resources must be an array"],
    [{ resources: "x" }, "Resources must be an array"],
    [{ resources: [] }, "Resources must have at least 1 resource"],
    [{ resources: Array(5_001).fill(good) }, "Resources array can have at most 5000 resources"],
  ];
  for (const [body, detail] of cases) {
    assert.equal(
      refusal(() => parseResourceMatches(body)),
      detail,
    );
  }
});

const entryFaults: readonly (readonly [unknown, string])[] = [
  [null, `${one} non-object`],
  ["x", `${one} non-object`],
  [1, `${one} non-object`],
  [[], `${one} non-object`],
  [{}, `${one} resource with a non-object checksum, ${sizes}`],
  [{ ...good, checksum: null }, `${one} resource with a non-object checksum`],
  [{ ...good, checksum: sha1 }, `${one} resource with a non-object checksum`],
  [{ ...good, checksum: [sha1] }, `${one} resource with a non-object checksum`],
  [{ ...good, checksum: {} }, `${one} resource with a non-string checksum value`],
  [{ ...good, checksum: { value: 1 } }, `${one} resource with a non-string checksum value`],
  [{ ...good, checksum: { value: "" } }, `${one} resource with a non-SHA1 checksum value`],
  [{ ...good, checksum: { value: `${sha1}0` } }, `${one} resource with a non-SHA1 checksum value`],
  [{ ...good, checksum: { value: `${sha1}\n` } }, `${one} resource with a non-SHA1 checksum value`],
  [{ ...good, size_in_bytes: undefined }, sizes],
  [{ ...good, size_in_bytes: "3" }, sizes],
  [{ ...good, size_in_bytes: -1 }, sizes],
  [{ ...good, size_in_bytes: 1.5 }, sizes],
  [{ ...good, size_in_bytes: 2 ** 60 }, sizes],
  [{ ...good, path: 1 }, `${one} resource with an unsafe path`],
  [{ ...good, path: "" }, `${one} resource with an unsafe path`],
  [{ ...good, path: "a/../b" }, `${one} resource with an unsafe path`],
  [{ ...good, path: "a/." }, `${one} resource with an unsafe path`],
  [{ ...good, path: "x".repeat(256) }, `${one} resource with an unsafe path`],
  [{ ...good, mode: 644 }, `${one} resource with an incorrect mode`],
  [{ ...good, mode: "" }, `${one} resource with an incorrect mode`],
  [{ ...good, mode: "648" }, `${one} resource with an incorrect mode`],
  [
    { checksum: 1, size_in_bytes: -1, path: "/", mode: "x" },
    `${one} resource with a non-object checksum, ${sizes}, ` +
      `${one} resource with an unsafe path, ${one} resource with an incorrect mode`,
  ],
];

test("a fault of an entry is told once however many have it, in the order of the first of each", () => {
  for (const [entry, detail] of entryFaults) {
    const body = { resources: [good, entry, entry] };
    assert.equal(
      refusal(() => parseResourceMatches(body)),
      detail,
      JSON.stringify(entry),
    );
  }
});

test("an entry may have no path and no mode; a hash is read in either case", () => {
  const parsed = parseResourceMatches({
    resources: [
      { checksum: { value: sha1.toUpperCase(), more: 1 }, size_in_bytes: 0, unknown: true },
      { ...good, path: null, mode: null },
      { ...good, path: "é/...", mode: "100644" },
    ],
  });

  assert.deepEqual(parsed, [
    { sha1, size: 0, path: null, mode: null },
    { sha1, size: 3, path: null, mode: null },
    { sha1, size: 3, path: "é/...", mode: "100644" },
  ]);
});

test("an upload names its files in the form of V3 or of V2", () => {
  const v2 = { sha1, size: 5, fn: "b", mode: "755" };
  const parsed = parseUploadResources(JSON.stringify([good, v2, { sha1, size: 1, fn: "c" }]), none);

  assert.deepEqual(parsed, [
    { sha1, size: 3, path: "dir/a.txt", mode: 0o644 },
    { sha1, size: 5, path: "b", mode: 0o755 },
    { sha1, size: 1, path: "c", mode: 0o744 },
  ]);
  assert.equal(
    refusal(() => parseUploadResources(JSON.stringify([{ ...v2, sha1: null }]), none)),
    `${one} resource with a non-string checksum value`,
  );
  assert.equal(
    refusal(() => parseUploadResources(JSON.stringify([v2, null]), none)),
    `${one} non-object`,
  );
});
