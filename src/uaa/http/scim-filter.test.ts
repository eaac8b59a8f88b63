import assert from "node:assert/strict";
import { test } from "node:test";
import { UaaError } from "../uaa-error.ts";
import { parseScimFilter } from "./scim-filter.ts";

test("parseScimFilter() takes what the official client sends", () => {
  assert.deepEqual(parseScimFilter('userName eq "ann"'), { userName: "ann" });
  assert.deepEqual(parseScimFilter('userName eq "a\\"n\\\\n" and origin eq "uaa"'), {
    userName: 'a"n\\n',
    origin: "uaa",
  });
  assert.deepEqual(parseScimFilter('id Eq "g-1"'), { guid: "g-1" });
});

for (const text of [
  "",
  "userName",
  'userName eq "a',
  'userName co "a"',
  'password eq "a"',
  'userName eq "a" or origin eq "b"',
  'userName eq "a" and userName eq "b"',
  'userName eq "a" and ',
  'userName eq "a"; drop table users',
]) {
  test(`parseScimFilter() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseScimFilter(text), UaaError);
  });
}
