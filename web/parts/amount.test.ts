import assert from "node:assert/strict";
import { test } from "node:test";
import { durationText, sizeText } from "./amount.ts";

test("durations are told with two units at most", () => {
  for (const [ms, text] of [
    [-5, "0 ms"],
    [423.4, "423 ms"],
    [1_420, "1.4 s"],
    [12_300, "12 s"],
    [60_000, "1 min"],
    [185_000, "3 min 5 s"],
    [7_800_000, "2 h 10 min"],
    [273_600_000, "3 d 4 h"],
  ] as const) {
    assert.equal(durationText(ms), text);
  }
});

test("sizes are told in the official client's units", () => {
  for (const [bytes, text] of [
    [0, "0 B"],
    [1023, "1023 B"],
    [1536, "1.5 KB"],
    [134_217_728, "128 MB"],
    [1_234_567_890, "1.1 GB"],
  ] as const) {
    assert.equal(sizeText(bytes), text);
  }
});
