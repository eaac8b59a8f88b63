import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidReadQuery, parseReadQuery } from "./read-query.ts";

const parse = (query: string) => parseReadQuery(new URLSearchParams(query));

test("parseReadQuery() takes what the official client sends", () => {
  const query = parse(
    "start_time=-6795364578871345152&envelope_types=LOG&envelope_types=GAUGE&limit=1000&descending=true",
  );

  assert.equal(query.startTime, -6795364578871345152n);
  assert.deepEqual(query.types, ["LOG", "GAUGE"]);
  assert.equal(query.limit, 1_000);
  assert.equal(query.descending, true);
});

test("parseReadQuery() defaults to a hundred ascending envelopes of any time", () => {
  const query = parse("");

  assert.equal(query.limit, 100);
  assert.equal(query.descending, false);
  assert.equal(query.startTime, -(2n ** 63n));
  assert.equal(query.endTime, 2n ** 63n - 1n);
});

for (const query of [
  "start_time=abc",
  "start_time=1.5",
  "start_time=9223372036854775808",
  "start_time=-9223372036854775809",
  "start_time=99999999999999999999999999",
  "start_time=2&end_time=1",
  "limit=1001",
  "limit=-1",
  "limit=x",
  "descending=perhaps",
  "envelope_types=SECRETS",
  "name_filter=(",
  "name_filter=(a%2B)%2B$",
  "name_filter=.*.*.*.*x",
  "name_filter=(a)\\1",
  "name_filter=(?=a)b",
  `name_filter=${"a".repeat(300)}`,
]) {
  test(`parseReadQuery() refuses ${query.slice(0, 60)}`, () => {
    assert.throws(() => parse(query), InvalidReadQuery);
  });
}
