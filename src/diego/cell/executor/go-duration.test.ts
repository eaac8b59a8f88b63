import assert from "node:assert/strict";
import { test } from "node:test";
import { formatGoDuration } from "./go-duration.ts";

test("durations are printed as Go prints them", () => {
  const cases: [number, string][] = [
    [0, "0s"],
    [250, "250ms"],
    [1_000, "1s"],
    [1_500, "1.5s"],
    [10_000, "10s"],
    [60_000, "1m0s"],
    [900_000, "15m0s"],
    [5_400_000, "1h30m0s"],
  ];
  for (const [ms, text] of cases) assert.equal(formatGoDuration(ms), text);
});
