import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { Loop } from "./loop.ts";

function loopOf(
  clock: FakeClock,
  activation: (signal: AbortSignal) => Promise<unknown>,
  logger = new RecordingLogger(),
): Loop {
  return new Loop({ name: "test", clock, logger, periodMs: 30_000, activation });
}

test("Loop activates at start and once a period, through each due time", async () => {
  const clock = new FakeClock();
  const at: string[] = [];
  await using loop = loopOf(clock, async () => at.push(clock.now().toISOString().slice(14, 19)));
  loop.start();

  await clock.advance(90_000);

  assert.deepEqual(at, ["00:00", "00:30", "01:00", "01:30"]);
});

test("Loop runs one activation at a time and folds what is asked meanwhile into one more", async () => {
  const clock = new FakeClock();
  let running = 0;
  let most = 0;
  let runs = 0;
  const gates: PromiseWithResolvers<void>[] = [];
  await using loop = loopOf(clock, async () => {
    runs += 1;
    running += 1;
    most = Math.max(most, running);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    running -= 1;
  });
  loop.start();

  const asked = [loop.activate("a"), loop.activate("b"), loop.activate("c")];
  gates[0]?.resolve();
  while (gates.length < 2) await new Promise<void>((resolve) => setImmediate(resolve));
  gates[1]?.resolve();
  await Promise.all(asked);

  assert.equal(most, 1);
  assert.equal(runs, 2);
});

test("Loop retries a failure after a growing pause, never longer than the period, and says what failed", async () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const at: number[] = [];
  const start = clock.now().getTime();
  await using loop = loopOf(
    clock,
    async () => {
      at.push((clock.now().getTime() - start) / 1_000);
      throw new Error("no database");
    },
    logger,
  );
  loop.start();

  await clock.advance(70_000);

  assert.deepEqual(at, [0, 1, 3, 7, 15, 31, 61]);
  assert.equal(loop.status().lastError, "no database");
  const nextInSeconds = ((loop.status().nextAt?.getTime() ?? 0) - start) / 1_000;
  assert.ok(nextInSeconds > 70, `the next run, after ${nextInSeconds} s, is yet to come`);
  assert.equal(logger.lines[0]?.event, "loop-activation-failed");
});

test("Loop ends on dispose, aborting what runs, and lets nobody wait for ever", async () => {
  const clock = new FakeClock();
  let aborted = false;
  const started = Promise.withResolvers<void>();
  const loop = loopOf(clock, async (signal) => {
    const ended = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => {
      aborted = true;
      ended.resolve();
    });
    started.resolve();
    await ended.promise;
  });
  loop.start();
  await started.promise;
  const asked = loop.activate("late");

  await loop[Symbol.asyncDispose]();
  await asked;

  assert.equal(aborted, true);
});

test("Loop gives each activation a request id of its own, in what it asks of others and in the line of its failure", async () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const asked: unknown[] = [];
  await using loop = loopOf(
    clock,
    async () => {
      asked.push(requestIdHeaders()["x-vcap-request-id"]);
      throw new Error("no database");
    },
    logger,
  );
  loop.start();

  await clock.advance(3_000);

  assert.deepEqual(
    logger.lines.map(({ data }) => data["requestId"]),
    asked,
  );
  assert.equal(new Set(asked).size, 3);
  for (const id of asked) assert.match(String(id), /^test::[0-9a-f-]{36}$/);
});
