import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedStep, failing, succeeding } from "./scripted-step.ts";
import { serialStep } from "./serial.ts";
import { StepCancelled, StepFailure } from "./step.ts";

const never = new AbortController().signal;

test("a serial step ends with the first failure and does not start the rest", async () => {
  const after = new ScriptedStep();

  await assert.rejects(
    serialStep([succeeding(), failing(new StepFailure("no")), after.step])(never, () => undefined),
    /^StepFailure: no$/,
  );

  assert.deepEqual(after.events, []);
});

test("a serial step is ready when its last step is", async () => {
  const first = new ScriptedStep();
  const last = new ScriptedStep();
  let isReady = false;
  const running = serialStep([first.step, last.step])(never, () => {
    isReady = true;
  });

  assert.equal(isReady, false);
  first.succeed();
  last.succeed();
  await running;

  assert.equal(isReady, true);
});

test("a cancelled serial step starts nothing more", async () => {
  const stop = new AbortController();
  const first = new ScriptedStep();
  const second = new ScriptedStep();
  const running = serialStep([first.step, second.step])(stop.signal, () => undefined);

  stop.abort();

  await assert.rejects(running, StepCancelled);
  assert.deepEqual(first.events, ["started", "cancelled"]);
  assert.deepEqual(second.events, []);
});
