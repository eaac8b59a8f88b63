import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { Action } from "#diego/models/action.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { randomGuids } from "#kernel/guid.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { unobserved } from "./observation/observer.ts";
import type { RunRequest } from "./container.ts";
import { FakeRuntime } from "./fake-runtime.ts";
import { createLogStreamer } from "./logs/log-streamer.ts";
import { RecordedLogs } from "./logs/recorded-logs.ts";
import { containerProgram } from "./program.ts";
import { runAction, runRequest } from "./run-request-builder.ts";

async function bench(t: TestContext) {
  const directory = await mkdtemp(path.join(tmpdir(), "program-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const clock = new FakeClock();
  const logs = new RecordedLogs();
  const runtime = new FakeRuntime(directory);
  const container = await runtime.create({
    handle: "one",
    stack: "cflinuxfs4",
    layers: [],
    binds: [],
    limits: { memoryBytes: 0, pids: 0, cpuShares: 2, diskBytes: 0 },
    egress: false,
    properties: {},
  });
  const events: string[] = [];
  const running = Promise.withResolvers<void>();
  const destination = {
    sourceId: "app",
    instanceId: "0",
    tags: {},
    sourceType: "CELL",
    rateLimitBytesPerSecond: -1,
  };
  const run = (request: RunRequest, setupIsDone = false) => {
    const never = async () => {
      throw new Error("Nothing is transferred in these tests");
    };
    const program = containerProgram(
      {
        container,
        clock,
        logger: new RecordingLogger(),
        logs: createLogStreamer(destination, { clock, logs }),
        environment: ({ env }) => env,
        downloader: { fetch: never },
        uploader: { upload: never },
        layers: { add: never },
        gracefulShutdownMs: 10_000,
        layered: new Map(),
        saysExitStatus: true,
        observer: unobserved,
        guids: randomGuids,
        onRunning: () => {
          events.push("running");
          running.resolve();
        },
        onReadiness: (ready) => events.push(ready ? "ready" : "not ready"),
      },
      request,
      { setupIsDone },
    );
    return program(new AbortController().signal, () => undefined);
  };
  return { clock, logs, runtime, container, events, isRunning: running.promise, run };
}

/** Lets time pass in small steps, with turns of the event loop for the connections and processes between them. */
async function passing(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    await clock.advance(10);
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}

const codependent = (...actions: Action[]): Action => ({
  kind: "codependent",
  actions,
  logSource: "",
});

test("setup comes before the action, and not again where it is done", async (t) => {
  const { run, container } = await bench(t);
  const request = runRequest({ setup: runAction({ logSource: "CELL" }) });

  await run(request);
  assert.deepEqual([...container.processes.keys()], ["setup", "action"]);

  container.processes.clear();
  await run(request, true);
  assert.deepEqual([...container.processes.keys()], ["action"]);
});

test("a setup that fails is the end", async (t) => {
  const { run, container, runtime } = await bench(t);
  runtime.programs.set("/setup", async () => 4);

  await assert.rejects(run(runRequest({ setup: runAction({ path: "/setup" }) })), {
    message: "APP/PROC/WEB: Exited with status 4",
  });

  assert.deepEqual([...container.processes.keys()], ["setup"]);
});

test("an app and its sidecar run as processes with names that can be found again", async (t) => {
  const { run, container, runtime, isRunning } = await bench(t);
  const app = Promise.withResolvers<void>();
  runtime.programs.set("/app", async () => {
    await app.promise;
    return 0;
  });
  runtime.programs.set("/sidecar", async ({ terminated }) => {
    await terminated;
    return 143;
  });
  const ended = assert.rejects(
    run(runRequest({ action: codependent(runAction(), runAction({ path: "/sidecar" })) })),
    { message: "Codependent step exited" },
  );

  await isRunning;
  assert.deepEqual([...container.processes.keys()], ["action-0", "action-1"]);
  app.resolve();

  await ended;
  assert.deepEqual(container.processes.get("action-1")?.signals, ["SIGTERM"]);
});

test("an instance with a check of its port is running once something listens there", async (t) => {
  const { run, clock, container, runtime, events, isRunning } = await bench(t);
  const reserved = createServer();
  await new Promise<void>((resolve) => reserved.listen(0, "127.0.0.1", resolve));
  const { port } = reserved.address() as AddressInfo;
  await new Promise((resolve) => reserved.close(resolve));
  container.ports.set(8080, port);
  const server = createServer();
  t.after(() => server.close());
  const stopped = Promise.withResolvers<void>();
  runtime.programs.set("/app", async () => {
    await stopped.promise;
    return 1;
  });
  const check = { kind: "tcp" as const, port: 8080, connectTimeoutMs: 0, intervalMs: 0 };
  const checkDefinition = { checks: [check], readinessChecks: [], logSource: "" };
  const ended = assert.rejects(run(runRequest({ checkDefinition })), {
    message: "APP/PROC/WEB: Exited with status 1",
  });
  await passing(clock, 1_000);
  assert.deepEqual(events, []);

  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await passing(clock, 5_000);
  await isRunning;
  stopped.resolve();

  await ended;
  assert.deepEqual(events, ["running"]);
});

test("a monitor action is run anew each time, and what it prints is the reason", async (t) => {
  const { run, clock, container, runtime, logs } = await bench(t);
  runtime.programs.set("/app", async ({ terminated }) => {
    await terminated;
    return 143;
  });
  runtime.programs.set("/healthcheck", async ({ stderr }) => {
    stderr.write("nothing answers on port 8080\n");
    return 4;
  });
  const monitor = runAction({ path: "/healthcheck", suppressLogOutput: true });
  const failed = assert.rejects(run(runRequest({ monitor, startTimeoutMs: 1_000 })), {
    message: "Instance never healthy after 1s: nothing answers on port 8080",
  });

  await passing(clock, 1_000);

  await failed;
  const monitors = [...container.processes.keys()].filter((id) => id.startsWith("monitor-"));
  assert.ok(monitors.length > 1);
  assert.equal(new Set(monitors).size, monitors.length);
  const exits = logs.lines().filter((line) => line.includes("Exit status"));
  assert.deepEqual(exits, ["APP/PROC/WEB/0 OUT Exit status 143"]);
});
