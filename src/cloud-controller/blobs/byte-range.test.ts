import assert from "node:assert/strict";
import { test } from "node:test";
import { byteRange } from "./byte-range.ts";

test("one range of bytes is read as RFC 9110 has it, and anything else as the whole", () => {
  const whole = { kind: "whole" };
  const unsatisfiable = { kind: "unsatisfiable" };
  const part = (start: number, end: number) => ({ kind: "part", start, end });
  for (const [header, size, expected] of [
    [undefined, 10, whole],
    ["bytes=0-3", 10, part(0, 3)],
    ["bytes=4-", 10, part(4, 9)],
    ["bytes=4-100", 10, part(4, 9)],
    ["bytes=9-9", 10, part(9, 9)],
    ["bytes=-3", 10, part(7, 9)],
    ["bytes=-100", 10, part(0, 9)],
    ["bytes=10-", 10, unsatisfiable],
    ["bytes=-0", 10, unsatisfiable],
    ["bytes=0-", 0, unsatisfiable],
    ["bytes=5-4", 10, whole],
    ["bytes=-", 10, whole],
    ["bytes=0-1,3-4", 10, whole],
    ["bytes=a-b", 10, whole],
    ["items=0-1", 10, whole],
    ["bytes=99999999999999999999-", 10, whole],
  ] as const) {
    assert.deepEqual(byteRange(header, size), expected, `${header} of ${size}`);
  }
});
