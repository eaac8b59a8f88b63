import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuPercentage, entitlementPercentage, logRate } from "./container-metrics.ts";

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

test("a log rate is what was logged between two measurements, a second", () => {
  const at = (bytesLogged: number, seconds: number) => ({
    bytesLogged,
    at: BigInt(seconds * 1_000_000_000),
  });

  assert.equal(logRate(undefined, at(500, 10)), 0);
  assert.equal(logRate(at(500, 10), at(2_000, 25)), 100);
  assert.equal(logRate(at(500, 10), at(500, 25)), 0);
  assert.equal(logRate(at(500, 10), at(600, 10)), 0, "no time has passed");
  assert.equal(logRate(at(500, 10), at(20, 25)), 0, "the counter has begun anew");
});

test("a container is entitled to its memory's part of the cell's cores", () => {
  const cell = { memoryMb: 4096, cores: 2 };

  assert.equal(entitlementPercentage(50, 1024, cell), 100, "half a core of two, for a quarter");
  assert.equal(entitlementPercentage(200, 1024, cell), 400, "more than that, while others idle");
  assert.equal(entitlementPercentage(200, 4096, cell), 100);
  assert.equal(entitlementPercentage(1, 0, cell), 0, "nothing to compare with");
});
