import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { ScriptedStep, failing } from "./scripted-step.ts";
import { StepCancelled, StepFailure } from "./step.ts";
import { timeoutStep } from "./timeout.ts";

const never = new AbortController().signal;

test("a step that takes too long is cancelled, and the duration said as Go says it", async () => {
  const clock = new FakeClock();
  const inner = new ScriptedStep();
  const running = timeoutStep(inner.step, 900_000, clock)(never, () => undefined);
  const failed = assert.rejects(running, { message: "exceeded 15m0s timeout" });

  await clock.advance(900_000);

  await failed;
  assert.deepEqual(inner.events, ["started", "cancelled"]);
});

test("what the step itself says when its time is over is added", async () => {
  const clock = new FakeClock();
  const stubborn = timeoutStep(
    async (signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw new StepFailure("STG: Exited with status 1");
    },
    1_000,
    clock,
  );
  const failed = assert.rejects(
    stubborn(never, () => undefined),
    { message: "exceeded 1s timeout; STG: Exited with status 1" },
  );

  await clock.advance(1_000);

  await failed;
});

test("a failure within the time is passed on as it is", async () => {
  const step = timeoutStep(failing(new StepFailure("no")), 1_000, new FakeClock());

  await assert.rejects(
    step(never, () => undefined),
    { message: "no" },
  );
});

test("only the time-out that is over says so", async () => {
  const clock = new FakeClock();
  const inner = timeoutStep(new ScriptedStep().step, 10_000, clock);
  const running = timeoutStep(inner, 1_000, clock)(never, () => undefined);
  const failed = assert.rejects(running, { message: "exceeded 1s timeout" });

  await clock.advance(1_000);

  await failed;
});

test("a cancellation from outside is no time-out", async () => {
  const stop = new AbortController();
  const running = timeoutStep(
    new ScriptedStep().step,
    1_000,
    new FakeClock(),
  )(stop.signal, () => undefined);

  stop.abort();

  await assert.rejects(running, StepCancelled);
});
