import assert from "node:assert/strict";
import { test } from "node:test";
import { crashedLrp, epochStart, runningOn, unclaimedLrp } from "./model-builders.ts";
import {
  crashCountAfterCrash,
  restartDelayMs,
  restartsImmediately,
  shouldRestartCrash,
} from "./restart-calculator.ts";

const later = (ms: number) => new Date(epochStart.getTime() + ms);

for (const [crashCount, seconds] of [
  [1, 0],
  [2, 0],
  [3, 30],
  [4, 60],
  [5, 120],
  [6, 240],
  [7, 480],
  [8, 960],
  [50, 960],
  [199, 960],
] as const) {
  test(`crash ${crashCount} waits ${seconds} s`, () => {
    assert.equal(restartDelayMs(crashCount), seconds * 1_000);
    assert.equal(restartsImmediately(crashCount), seconds === 0);
  });
}

test("crash 200 is the last", () => {
  assert.equal(restartDelayMs(200), undefined);
  assert.equal(shouldRestartCrash(crashedLrp({ crashCount: 200 }), later(10 ** 9)), false);
});

test("a crash restarts once its wait is over, not before", () => {
  const lrp = crashedLrp({ crashCount: 3 });
  assert.equal(shouldRestartCrash(lrp, later(29_999)), false);
  assert.equal(shouldRestartCrash(lrp, later(30_000)), true);
});

test("an instance that ran for more than five minutes counts from 1 again", () => {
  const lrp = runningOn("a", { crashCount: 7 });
  assert.equal(crashCountAfterCrash(lrp, later(301_000)), 1);
  assert.equal(crashCountAfterCrash(lrp, later(300_000)), 8);
  assert.equal(crashCountAfterCrash(lrp, later(299_000)), 8);
});

test("time spent waiting for a cell forgives nothing", () => {
  assert.equal(crashCountAfterCrash(unclaimedLrp({ crashCount: 7 }), later(10 ** 9)), 8);
});
