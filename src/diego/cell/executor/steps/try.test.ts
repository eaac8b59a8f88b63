import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { ScriptedStep, failing } from "./scripted-step.ts";
import { StepCancelled, StepFailure } from "./step.ts";
import { tryStep } from "./try.ts";

test("a failure is forgiven", async () => {
  const logger = new RecordingLogger();

  await tryStep(failing(new StepFailure("no cache")), logger)(
    new AbortController().signal,
    () => undefined,
  );

  assert.equal(logger.lines[0]?.event, "step-failed-and-forgiven");
});

test("a cancellation is not", async () => {
  const stop = new AbortController();
  const running = tryStep(new ScriptedStep().step, new RecordingLogger())(
    stop.signal,
    () => undefined,
  );

  stop.abort();

  await assert.rejects(running, StepCancelled);
});
