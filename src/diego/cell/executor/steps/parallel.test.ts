import assert from "node:assert/strict";
import { test } from "node:test";
import { parallelStep } from "./parallel.ts";
import { ScriptedStep, failing, succeeding } from "./scripted-step.ts";
import { StepCancelled, StepFailure } from "./step.ts";

const never = new AbortController().signal;

test("a parallel step waits for all and joins what they failed with", async () => {
  const slow = new ScriptedStep();
  const running = parallelStep([
    failing(new StepFailure("first")),
    slow.step,
    failing(new StepFailure("second")),
  ])(never, () => undefined);

  slow.succeed();

  await assert.rejects(running, /^StepFailure: first; second$/);
  assert.deepEqual(slow.events, ["started", "ended"]);
});

test("a parallel step is ready once all of its steps are", async () => {
  const calls: string[] = [];
  await parallelStep([succeeding(), succeeding()])(never, () => calls.push("ready"));

  assert.deepEqual(calls, ["ready"]);
});

test("a cancelled parallel step is cancelled, not failed", async () => {
  const stop = new AbortController();
  const running = parallelStep([new ScriptedStep().step, new ScriptedStep().step])(
    stop.signal,
    () => undefined,
  );

  stop.abort();

  await assert.rejects(running, StepCancelled);
});
