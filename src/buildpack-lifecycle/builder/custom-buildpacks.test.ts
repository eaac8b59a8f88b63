import assert from "node:assert/strict";
import { test } from "node:test";
import { byteSize } from "./byte-size.ts";
import { splitUrl, withoutPassword } from "./custom-buildpacks.ts";

test("splitUrl() finds the branch, and the path without its query", () => {
  assert.deepEqual(splitUrl("https://h/o/r.git#v1"), {
    url: "https://h/o/r.git",
    fragment: "v1",
    path: "https://h/o/r.git",
  });
  assert.equal(splitUrl("https://h/b.zip?token=x").path, "https://h/b.zip");
});

test("withoutPassword() hides the password and nothing else", () => {
  assert.equal(withoutPassword("https://u:secret@h/r.git"), "https://u:***@h/r.git");
  assert.equal(withoutPassword("https://h/r:x@y.git"), "https://h/r:x@y.git");
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
