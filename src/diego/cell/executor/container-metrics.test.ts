import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuPercentage } from "./container-metrics.ts";

test("cpu is a percentage of one core between two measurements", () => {
  const second = 1_000_000_000n;
  const at = (cpuNanoseconds: bigint, seconds: bigint) => ({
    cpuNanoseconds,
    at: seconds * second,
  });

  assert.equal(cpuPercentage(undefined, at(5n * second, 10n)), 0);
  assert.equal(cpuPercentage(at(0n, 0n), at(second / 2n, 1n)), 50);
  assert.equal(cpuPercentage(at(second, 10n), at(31n * second, 25n)), 200);
  assert.equal(cpuPercentage(at(second, 10n), at(second, 10n)), 0, "no time has passed");
  assert.equal(cpuPercentage(at(second, 10n), at(0n, 11n)), 0, "the counter has begun anew");
});
