import assert from "node:assert/strict";
import { test } from "node:test";
import { byteSize } from "./byte-size.ts";
import { splitUrl } from "./custom-buildpacks.ts";
import { shownKey, withoutSecrets } from "./shown-url.ts";
import { messageOf } from "./staging-failure.ts";

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
  ["https://h/?mail=a@b", "https://h/?***"],
  [
    "fatal: unable to access 'https://u:p@h/r.git?sig=x&t=1/': no",
    "fatal: unable to access 'https://***:***@h/r.git?***': no",
  ],
  ["https://u:p@h/b.zip?sig=x&t=1#v2", "https://***:***@h/b.zip?***#v2"],
  ["git@h:o/r.git", "git@h:o/r.git"],
  [
    "fatal: clone of 'http://u:p@h/a' into 'http://t@h/b' failed",
    "fatal: clone of 'http://***:***@h/a' into 'http://***:***@h/b' failed",
  ],
] as const) {
  test(`withoutSecrets() shows ${JSON.stringify(text)}`, () => {
    assert.equal(withoutSecrets(text), shown);
  });
}

test("shownKey() leaves the whole query out and keeps the branch", () => {
  assert.equal(shownKey("https://u:p@h/b.zip?sig='x'&t=1#v2"), "https://***:***@h/b.zip?***#v2");
});

test("what connects to none of a host's addresses says why", () => {
  const refused = [
    new Error("connect ECONNREFUSED ::1:1"),
    new Error("connect ECONNREFUSED 127.0.0.1:1"),
  ];

  assert.equal(
    messageOf(new AggregateError(refused)),
    "connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1",
  );
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
