import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { unobserved } from "../observation/observer.ts";
import { FakeRuntime, type FakeProgram } from "../fake-runtime.ts";
import { createLogStreamer } from "../logs/log-streamer.ts";
import { RecordedLogs } from "../logs/recorded-logs.ts";
import { runAction } from "../run-request-builder.ts";
import { runStep } from "./run.ts";
import { StepCancelled, StepFailure } from "./step.ts";

async function bench(t: TestContext, program: FakeProgram) {
  const directory = await mkdtemp(path.join(tmpdir(), "run-step-"));
  t.after(() => rm(directory, { recursive: true }));
  const runtime = new FakeRuntime(directory);
  runtime.programs.set("/app", program);
  const container = await runtime.create({
    handle: "c",
    stack: "cflinuxfs4",
    layers: [],
    binds: [],
    limits: { memoryBytes: 0, pids: 0, cpuShares: 0, diskBytes: 0 },
    egress: false,
    properties: {},
  });
  const clock = new FakeClock();
  const logs = new RecordedLogs();
  const destination = {
    sourceId: "app",
    instanceId: "0",
    tags: {},
    sourceType: "CELL",
    rateLimitBytesPerSecond: -1,
  };
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const action = runAction();
  const step = runStep(
    {
      container,
      clock,
      logger: new RecordingLogger(),
      log: createLogStreamer(destination, { clock, logs }).source(action.logSource),
      environment: ({ env }) => env,
      gracefulShutdownMs: 10_000,
      saysExitStatus: true,
      observer: unobserved,
    },
    action,
    "action",
  );
  return {
    container,
    clock,
    logs,
    stop,
    ready: ready.promise,
    running: () => step(stop.signal, ready.resolve),
  };
}

test("the output of a process is logged line by line before its exit status", async (t) => {
  const { running, logs } = await bench(t, async ({ stdout, stderr }) => {
    stdout.write("one\ntwo\nthr");
    stderr.write("warning\n");
    stdout.write("ee");
    return 0;
  });

  await running();

  assert.deepEqual(
    logs.lines().filter((line) => line.includes(" OUT ")),
    [
      "APP/PROC/WEB/0 OUT one",
      "APP/PROC/WEB/0 OUT two",
      "APP/PROC/WEB/0 OUT three",
      "APP/PROC/WEB/0 OUT Exit status 0",
    ],
  );
  assert.ok(logs.lines().includes("APP/PROC/WEB/0 ERR warning"));
});

test("an exit status other than 0 is the failure, with the word of the kernel on memory", async (t) => {
  const failed = await bench(t, async () => 42);
  await assert.rejects(failed.running(), { message: "APP/PROC/WEB: Exited with status 42" });
  assert.deepEqual(failed.logs.lines(), ["APP/PROC/WEB/0 OUT Exit status 42"]);

  const starved = await bench(t, async () => ({ status: 137, outOfMemory: true }));
  await assert.rejects(starved.running(), {
    message: "APP/PROC/WEB: Exited with status 137 (out of memory)",
  });
  assert.deepEqual(starved.logs.lines(), ["APP/PROC/WEB/0 OUT Exit status 137 (out of memory)"]);
});

test("a process that fails in a container without room on its disk is said to have met the limit", async (t) => {
  const full = { usedBytes: 64 * 1024 ** 2 - 4096, limitBytes: 64 * 1024 ** 2 };
  const failed = await bench(t, async ({ container }) => {
    container.fullDiskNow = full;
    return 1;
  });
  await assert.rejects(failed.running(), {
    message: "APP/PROC/WEB: Exited with status 1 (disk quota exceeded: 64M of 64M used)",
  });

  const content = await bench(t, async ({ container }) => {
    container.fullDiskNow = full;
    return 0;
  });
  await content.running();
  assert.deepEqual(content.logs.lines(), ["APP/PROC/WEB/0 OUT Exit status 0"]);
});

test("a cancelled process gets SIGTERM and may end as it likes", async (t) => {
  const { running, ready, stop, logs, container } = await bench(t, async ({ terminated }) => {
    await terminated;
    return 143;
  });
  const cancelled = assert.rejects(running(), StepCancelled);
  await ready;

  stop.abort();

  await cancelled;
  assert.deepEqual(container.processes.get("action")?.signals, ["SIGTERM"]);
  assert.deepEqual(logs.lines(), ["APP/PROC/WEB/0 OUT Exit status 143"]);
});

test("a process that ignores SIGTERM is killed when its time is over", async (t) => {
  const { running, ready, stop, logs, clock, container } = await bench(
    t,
    () => new Promise(() => undefined),
  );
  const cancelled = assert.rejects(running(), StepCancelled);
  await ready;

  stop.abort();
  await clock.advance(9_999);
  assert.deepEqual(container.processes.get("action")?.signals, ["SIGTERM"]);
  await clock.advance(1);

  await cancelled;
  assert.deepEqual(container.processes.get("action")?.signals, ["SIGTERM", "SIGKILL"]);
  assert.deepEqual(logs.lines(), [
    "APP/PROC/WEB/0 OUT Exit status 137 (exceeded 10s graceful shutdown interval)",
  ]);
});

test("a process that runs already is followed, not started again", async (t) => {
  const go = Promise.withResolvers<void>();
  const { running, ready, container, logs } = await bench(t, async ({ stdout }) => {
    await go.promise;
    stdout.write("still here\n");
    return 3;
  });
  await container.run({ id: "action", path: "/app", args: [], env: [], dir: "", user: "vcap" });

  const failed = assert.rejects(running(), StepFailure);
  await ready;
  go.resolve();
  await failed;

  assert.equal(container.processes.size, 1);
  assert.deepEqual(logs.lines(), [
    "APP/PROC/WEB/0 OUT still here",
    "APP/PROC/WEB/0 OUT Exit status 3",
  ]);
});

test("output that a child in the background holds open does not keep the step", async (t) => {
  const { running, clock, container, ready } = await bench(t, () => new Promise(() => undefined));
  const failed = assert.rejects(running(), { message: /Exited with status 1$/ });
  await ready;
  const process = container.processes.get("action");
  assert.ok(process !== undefined);
  process.stdout.end = () => process.stdout;
  process.exitWith(1);

  await clock.advance(2_000);

  await failed;
});
