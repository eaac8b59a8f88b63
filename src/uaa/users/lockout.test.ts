import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLockoutPolicy, isLocked, withFailure, type LoginFailures } from "./lockout.ts";

const minute = 60_000;

function failuresAt(...times: readonly number[]): LoginFailures | undefined {
  return times.reduce<LoginFailures | undefined>(
    (known, now) => withFailure(defaultLockoutPolicy, known, now),
    undefined,
  );
}

for (const [what, failures, now, locked] of [
  ["no failure", failuresAt(), 0, false],
  ["four failures", failuresAt(0, 1, 2, 3), 4, false],
  ["five failures", failuresAt(0, 1, 2, 3, 4), 5, true],
  [
    "five failures, just before five minutes are over",
    failuresAt(0, 1, 2, 3, 4),
    5 * minute + 3,
    true,
  ],
  ["five failures, after five minutes", failuresAt(0, 1, 2, 3, 4), 5 * minute + 4, false],
  [
    "one more failure after a lock has ended",
    failuresAt(0, 1, 2, 3, 4, 6 * minute),
    6 * minute,
    false,
  ],
  [
    "failures spread over more than an hour",
    failuresAt(0, 1, 2, 3, 61 * minute),
    61 * minute,
    false,
  ],
] as const) {
  test(`a name with ${what} is ${locked ? "" : "not "}locked`, () => {
    assert.equal(isLocked(defaultLockoutPolicy, failures, now), locked);
  });
}
