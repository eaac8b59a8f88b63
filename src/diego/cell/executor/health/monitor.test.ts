import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { createLogStreamer } from "../logs/log-streamer.ts";
import { RecordedLogs } from "../logs/recorded-logs.ts";
import { StepCancelled, StepFailure } from "../steps/step.ts";
import { monitorStep, readinessStep, type HealthCheck } from "./monitor.ts";

/** A check that says what the test has set. */
class SetCheck implements HealthCheck {
  readonly intervalMs: number;
  failure: string | undefined;
  asked = 0;

  constructor(failure?: string, intervalMs = 30_000) {
    this.failure = failure;
    this.intervalMs = intervalMs;
  }

  async check(): Promise<void> {
    this.asked += 1;
    if (this.failure !== undefined) throw new StepFailure(this.failure);
  }
}

function bench(checks: readonly HealthCheck[], startTimeoutMs = 60_000) {
  const clock = new FakeClock();
  const logs = new RecordedLogs();
  const destination = {
    sourceId: "app",
    instanceId: "0",
    tags: {},
    sourceType: "CELL",
    rateLimitBytesPerSecond: -1,
  };
  const streamer = createLogStreamer(destination, { clock, logs });
  const stop = new AbortController();
  const healthy: string[] = [];
  const parts = {
    clock,
    checks,
    cellLog: streamer.source("CELL"),
    healthLog: streamer.source("HEALTH"),
  };
  return {
    clock,
    logs,
    stop,
    healthy,
    monitor: () =>
      monitorStep({ ...parts, startTimeoutMs, onHealthy: () => healthy.push("healthy") })(
        stop.signal,
        () => undefined,
      ),
    readiness: (onReadiness: (ready: boolean) => void) =>
      readinessStep({ ...parts, onReadiness })(stop.signal, () => undefined),
  };
}

test("an instance is healthy once all its checks have passed in one go", async () => {
  const slow = new SetCheck("not yet");
  const { clock, healthy, logs, monitor, stop } = bench([new SetCheck(), slow]);
  const ended = assert.rejects(monitor(), StepCancelled);
  // The start time-out, and the pause after the first try.
  await clock.sleeping(2);
  await clock.advance(5_000);
  assert.deepEqual(healthy, []);
  assert.ok(slow.asked > 3, "it is asked again and again");

  slow.failure = undefined;
  await clock.advance(2_000);

  assert.deepEqual(healthy, ["healthy"]);
  assert.deepEqual(logs.lines(), [
    "CELL/0 OUT Starting health monitoring of container",
    "CELL/0 OUT Container became healthy",
  ]);
  stop.abort();
  await ended;
});

test("the pause between two tries grows to two seconds and no more", async () => {
  const check = new SetCheck("not yet");
  const { clock, monitor, stop } = bench([check], 0);
  const ended = assert.rejects(monitor(), StepCancelled);
  await clock.advance(60_000);
  const before = check.asked;

  await clock.advance(20_000);

  assert.equal(check.asked - before, 10);
  stop.abort();
  await ended;
});

test("an instance that is never healthy fails with the last reason when its time is over", async () => {
  const { clock, healthy, logs, monitor } = bench([new SetCheck("connection refused")], 2_000);
  const failed = assert.rejects(monitor(), {
    message: "Instance never healthy after 2s: connection refused",
  });

  await clock.advance(2_000);

  await failed;
  assert.deepEqual(healthy, []);
  assert.deepEqual(logs.lines().slice(1), [
    "HEALTH/0 ERR connection refused",
    "CELL/0 ERR Failed after 2s: startup health check never passed.",
  ]);
});

test("a single failure of a healthy instance is its end", async () => {
  const check = new SetCheck();
  const { clock, logs, monitor } = bench([check], 0);
  const failed = assert.rejects(monitor(), {
    message: "Instance became unhealthy: connection refused",
  });
  await clock.advance(30_000);
  await clock.advance(30_000);
  assert.equal(check.asked, 3);

  check.failure = "connection refused";
  await clock.advance(30_000);

  await failed;
  assert.deepEqual(logs.lines().slice(2), [
    "HEALTH/0 ERR connection refused",
    "CELL/0 OUT Container became unhealthy",
  ]);
});

test("each check is asked at its own interval", async () => {
  const often = new SetCheck(undefined, 5_000);
  const seldom = new SetCheck(undefined, 30_000);
  const { clock, monitor, stop } = bench([often, seldom]);
  const ended = assert.rejects(monitor(), StepCancelled);
  await clock.sleeping(2);

  await clock.advance(30_000);

  assert.deepEqual([often.asked, seldom.asked], [7, 2]);
  stop.abort();
  await ended;
});

test("readiness comes and goes without an end to the instance", async () => {
  const check = new SetCheck("warming up");
  const { clock, logs, readiness, stop } = bench([check]);
  const seen: boolean[] = [];
  const ended = assert.rejects(
    readiness((ready) => seen.push(ready)),
    StepCancelled,
  );
  await clock.advance(2_000);
  assert.deepEqual(seen, []);

  check.failure = undefined;
  await clock.advance(2_000);
  check.failure = "overloaded";
  await clock.advance(30_000);
  check.failure = undefined;
  await clock.advance(2_000);

  assert.deepEqual(seen, [true, false, true]);
  assert.ok(logs.lines().includes("HEALTH/0 ERR overloaded"));
  stop.abort();
  await ended;
});
