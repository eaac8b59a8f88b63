import assert from "node:assert/strict";
import { test } from "node:test";
import { codependentStep } from "./codependent.ts";
import { ScriptedStep } from "./scripted-step.ts";
import { StepCancelled, StepFailure } from "./step.ts";

const never = new AbortController().signal;

test("the end of one codependent step is a failure, and cancels the others", async () => {
  const app = new ScriptedStep();
  const sidecar = new ScriptedStep();
  const running = codependentStep([app.step, sidecar.step], { endIsFailure: true })(
    never,
    () => undefined,
  );

  app.succeed();

  await assert.rejects(running, /^StepFailure: Codependent step exited$/);
  assert.deepEqual(sidecar.events, ["started", "cancelled"]);
});

test("the failure of a codependent step is told, the cancellation of the others is not", async () => {
  const app = new ScriptedStep();
  const sidecar = new ScriptedStep();
  const running = codependentStep([app.step, sidecar.step], { endIsFailure: true })(
    never,
    () => undefined,
  );

  sidecar.fail(new StepFailure("APP/PROC/WEB/SIDECAR/CONFIG: Exited with status 3"));

  await assert.rejects(running, {
    message: "APP/PROC/WEB/SIDECAR/CONFIG: Exited with status 3",
  });
});

test("an action that has put itself in the background lives until its monitor fails", async () => {
  const action = new ScriptedStep();
  const monitor = new ScriptedStep();
  const running = codependentStep([action.step, monitor.step], { endIsFailure: false })(
    never,
    () => undefined,
  );

  action.succeed();
  monitor.fail(new StepFailure("Instance became unhealthy: gone"));

  await assert.rejects(running, { message: "Instance became unhealthy: gone" });
});

test("cancelled codependent steps are cancelled", async () => {
  const stop = new AbortController();
  const running = codependentStep([new ScriptedStep().step], { endIsFailure: true })(
    stop.signal,
    () => undefined,
  );

  stop.abort();

  await assert.rejects(running, StepCancelled);
});
