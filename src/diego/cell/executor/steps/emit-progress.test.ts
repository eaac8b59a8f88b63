import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { createLogStreamer } from "../logs/log-streamer.ts";
import { RecordedLogs } from "../logs/recorded-logs.ts";
import { emitProgressStep } from "./emit-progress.ts";
import { failing, succeeding } from "./scripted-step.ts";
import { StepFailure, type Step } from "./step.ts";

const messages = {
  startMessage: "Uploading droplet, build artifacts cache...",
  successMessage: "Uploading complete",
  failureMessagePrefix: "Uploading failed",
};

async function progressOf(step: Step, said = messages): Promise<string[]> {
  const logs = new RecordedLogs();
  const destination = {
    sourceId: "app",
    instanceId: "0",
    tags: {},
    sourceType: "STG",
    rateLimitBytesPerSecond: -1,
  };
  const log = createLogStreamer(destination, { clock: new FakeClock(), logs }).source("STG");
  await emitProgressStep(
    step,
    said,
    log,
  )(new AbortController().signal, () => undefined).catch(() => undefined);
  return logs.lines();
}

test("the start and the success of a step are said", async () => {
  assert.deepEqual(await progressOf(succeeding()), [
    "STG/0 OUT Uploading droplet, build artifacts cache...",
    "STG/0 OUT Uploading complete",
  ]);
});

test("a failure is said with its reason where the developer may read it", async () => {
  const reason = new StepFailure("Failed to upload payload for droplet");
  const start = "STG/0 OUT Uploading droplet, build artifacts cache...";

  assert.deepEqual(await progressOf(failing(reason)), [
    start,
    "STG/0 ERR Uploading failed: Failed to upload payload for droplet",
  ]);
  assert.deepEqual(await progressOf(failing(new Error("http://user:secret@host"))), [
    start,
    "STG/0 ERR Uploading failed",
  ]);
});

test("empty messages are not said", async () => {
  const silent = { startMessage: "", successMessage: "", failureMessagePrefix: "" };

  assert.deepEqual(await progressOf(succeeding(), silent), []);
  assert.deepEqual(await progressOf(failing(new StepFailure("no")), silent), []);
});
