import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { LogRateLimit } from "./log-rate-limit.ts";

/** A clock whose time a test sets: nothing sleeps on it here. */
class SteppedClock extends FakeClock {
  at = 0;
  override now(): Date {
    return new Date(this.at);
  }
}

test("a burst passes up to a second's worth, then one notice stands for a second of silence", () => {
  const clock = new SteppedClock();
  const limit = new LogRateLimit(1024, clock);

  const verdicts = Array.from({ length: 12 }, () => limit.admit(256));

  assert.deepEqual(verdicts.slice(0, 5), ["pass", "pass", "pass", "pass", "drop-with-notice"]);
  assert.ok(verdicts.slice(5).every((verdict) => verdict === "drop"));
  clock.at = 999;
  assert.equal(limit.admit(1), "drop");
  clock.at = 1000;
  assert.equal(limit.admit(1024), "pass");
  assert.equal(limit.notice, "app instance exceeded log rate limit (1024 bytes/sec)");
});

test("0 lets nothing pass, -1 everything", () => {
  const clock = new SteppedClock();

  assert.equal(new LogRateLimit(0, clock).admit(1), "drop-with-notice");
  assert.equal(new LogRateLimit(-1, clock).admit(1e9), "pass");
});
