import assert from "node:assert/strict";
import { test } from "node:test";
import { byteSize } from "./byte-size.ts";
import { splitUrl } from "./custom-buildpacks.ts";
import { shownKey, withoutCredentials } from "./shown-url.ts";

test("splitUrl() finds the branch, and the path without its query", () => {
  assert.deepEqual(splitUrl("https://h/o/r.git#v1"), {
    url: "https://h/o/r.git",
    fragment: "v1",
    path: "https://h/o/r.git",
  });
  assert.equal(splitUrl("https://h/b.zip?token=x").path, "https://h/b.zip");
});

for (const [text, shown] of [
  ["https://u:secret@h/r.git", "https://***:***@h/r.git"],
  ["https://token@h/r.git#v1", "https://***:***@h/r.git#v1"],
  ["https://u:sec@ret@h/r.git", "https://***:***@h/r.git"],
  ["unable to access 'https://u:sec'ret@h/r.git/'", "unable to access 'https://***:***@h/r.git/'"],
  ["https://h/r:x@y.git", "https://h/r:x@y.git"],
  ["https://h/?mail=a@b", "https://h/?mail=a@b"],
  ["git@h:o/r.git", "git@h:o/r.git"],
  [
    "fatal: clone of 'http://u:p@h/a' into 'http://t@h/b' failed",
    "fatal: clone of 'http://***:***@h/a' into 'http://***:***@h/b' failed",
  ],
] as const) {
  test(`withoutCredentials() shows ${JSON.stringify(text)}`, () => {
    assert.equal(withoutCredentials(text), shown);
  });
}

test("shownKey() leaves the query out, which is secret in a signed URL, and keeps the branch", () => {
  assert.equal(shownKey("https://u:p@h/b.zip?sig=x&t=1#v2"), "https://***:***@h/b.zip?***#v2");
});

test("byteSize() writes sizes as Cloud Foundry's logs do", () => {
  assert.deepEqual([0, 512, 1024, 1_258_291, 3 * 1024 ** 3].map(byteSize), [
    "0B",
    "512B",
    "1K",
    "1.2M",
    "3G",
  ]);
});
