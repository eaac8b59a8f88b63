import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { DownloadAction, UploadAction } from "#diego/models/action.ts";
import { desiredLrpRequest, taskDefinition } from "#diego/models/model-builders.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import type { ContainerState } from "./container.ts";
import { FileServer, sha256Of } from "./downloads/file-server.ts";
import { Executor } from "./executor.ts";
import { FakeRuntime } from "./fake-runtime.ts";
import { RecordedLogs } from "./logs/recorded-logs.ts";
import { lrpAllocation, runAction, runRequest, taskAllocation } from "./run-request-builder.ts";

class Bench {
  readonly clock = new FakeClock();
  readonly logs = new RecordedLogs();
  readonly logger = new RecordingLogger();
  readonly runtime: FakeRuntime;
  readonly #directory: string;
  #waiting: (() => void)[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    this.runtime = new FakeRuntime(path.join(directory, "unpacked"));
  }

  async executor(): Promise<Executor> {
    const executor = new Executor(
      {
        cellId: "cell-1",
        capacity: { memoryMb: 1024, diskMb: 4096, containers: 3 },
        directory: this.#directory,
        kept: { containers: 1, terminals: 1 },
      },
      {
        clock: this.clock,
        logger: this.logger,
        runtime: this.runtime,
        logs: this.logs,
        onChange: () => {
          for (const check of this.#waiting) check();
        },
      },
    );
    await executor.recover();
    return executor;
  }

  /** Resolves once the container has reached the stage. */
  async reaches(executor: Executor, guid: string, state: ContainerState): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      if (executor.get(guid)?.stage.state === state) resolve();
    };
    this.#waiting.push(check);
    check();
    await promise;
    this.#waiting = this.#waiting.filter((each) => each !== check);
  }

  async outcome(executor: Executor, guid: string) {
    await this.reaches(executor, guid, "completed");
    const stage = executor.get(guid)?.stage;
    assert.ok(stage?.state === "completed");
    return stage.outcome;
  }
}

async function bench(t: TestContext): Promise<Bench> {
  const directory = await mkdtemp(path.join(tmpdir(), "executor-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return new Bench(directory);
}

test("places are kept for what fits, and free again once a container is destroyed", async (t) => {
  const b = await bench(t);
  const executor = await b.executor();
  const big = lrpAllocation("big", { memoryMb: 1000 });

  assert.deepEqual(executor.allocate([big, lrpAllocation("second", { memoryMb: 100 })]), [
    lrpAllocation("second", { memoryMb: 100 }),
  ]);
  assert.deepEqual(executor.remaining(), { memoryMb: 24, diskMb: 3072, containers: 2 });
  assert.deepEqual(executor.allocate([big]), [], "one that has its place keeps it");

  await executor.destroy("big");
  assert.deepEqual(executor.remaining(), executor.total);
  await executor[Symbol.asyncDispose]();
});

test("a reservation that nobody makes use of ends after a minute", async (t) => {
  const b = await bench(t);
  const executor = await b.executor();
  executor.allocate([lrpAllocation("forgotten")]);

  await b.clock.advance(120_000);

  assert.equal((await b.outcome(executor, "forgotten")).failureReason, "expired container");
  await executor[Symbol.asyncDispose]();
});

test("a staging task goes its whole way, and its log is what a developer of Cloud Foundry knows", async (t) => {
  const b = await bench(t);
  const server = await FileServer.start();
  t.after(() => server[Symbol.asyncDispose]());
  const bits = Buffer.from("no archive, so it is passed on as a tar");
  server.files.set("/package", bits).set("/buildpack", bits);
  b.runtime.programs.set("/tmp/lifecycle/builder", async ({ container, stdout }) => {
    stdout.write("-----> Building\n");
    container.files.set("/tmp/droplet", Buffer.alloc(2048));
    container.files.set("/tmp/result.json", Buffer.from('{"process_types":{}}'));
    return 0;
  });
  const download: DownloadAction = {
    kind: "download",
    artifact: "app package",
    from: server.url("/package"),
    to: "/tmp/app",
    cacheKey: "",
    logSource: "",
    user: "vcap",
    checksum: sha256Of(bits),
  };
  const upload: UploadAction = {
    kind: "upload",
    artifact: "droplet",
    from: "/tmp/droplet",
    to: server.url("/upload"),
    logSource: "",
    user: "vcap",
  };
  const executor = await b.executor();
  executor.allocate([taskAllocation("build-1")]);

  executor.run(
    "build-1",
    runRequest({
      ports: [],
      resultFile: "/tmp/result.json",
      definition: taskDefinition({
        logSource: "STG",
        cachedDependencies: [
          {
            name: "nodejs_buildpack",
            from: server.url("/buildpack"),
            to: "/tmp/buildpacks/abc",
            cacheKey: "buildpack",
            logSource: "",
            checksum: sha256Of(bits),
          },
        ],
      }),
      action: {
        kind: "serial",
        logSource: "",
        actions: [
          download,
          runAction({ path: "/tmp/lifecycle/builder", logSource: "STG" }),
          {
            kind: "emitProgress",
            action: upload,
            startMessage: "Uploading droplet, build artifacts cache...",
            successMessage: "Uploading complete",
            failureMessagePrefix: "Uploading failed",
            logSource: "",
          },
        ],
      },
    }),
  );
  const outcome = await b.outcome(executor, "build-1");
  const [container] = b.runtime.live.values();
  await executor.destroy("build-1");

  assert.deepEqual(outcome, {
    failed: false,
    failureReason: "",
    stopped: false,
    retryable: false,
    result: '{"process_types":{}}',
  });
  assert.deepEqual(container?.received, []);
  assert.equal(container?.spec.layers.length, 1);
  assert.ok(b.runtime.unpacked.some(({ below }) => below === "/tmp/app"));
  assert.equal(container?.spec.binds[0]?.destination, "/tmp/buildpacks/abc");
  assert.equal(server.uploads[0]?.body.length, 2048);
  assert.deepEqual(
    b.logs.lines(),
    [
      "Cell cell-1 creating container for instance build-1",
      "Downloading nodejs_buildpack...",
      `Downloaded nodejs_buildpack (${bits.length}B)`,
      "Cell cell-1 successfully created container for instance build-1",
      "Downloading app package...",
      `Downloaded app package (${bits.length}B)`,
      "-----> Building",
      "Exit status 0",
      "Uploading droplet, build artifacts cache...",
      "Uploading droplet...",
      "Uploaded droplet (2K)",
      "Uploading complete",
      "Cell cell-1 stopping instance build-1",
      "Cell cell-1 destroying container for instance build-1",
      "Cell cell-1 successfully destroyed container for instance build-1",
    ].map((line) => `STG/0 OUT ${line}`),
  );
  await executor[Symbol.asyncDispose]();
});

test("a build cache that cannot be had is said to be missing, and the staging goes on without it", async (t) => {
  const b = await bench(t);
  const server = await FileServer.start();
  t.after(() => server[Symbol.asyncDispose]());
  b.runtime.programs.set("/tmp/lifecycle/builder", async () => 0);
  const cache: DownloadAction = {
    kind: "download",
    artifact: "build artifacts cache",
    from: server.url("/gone"),
    to: "/tmp/cache",
    cacheKey: "",
    logSource: "",
    user: "vcap",
    checksum: sha256Of(Buffer.from("a cache")),
  };
  const executor = await b.executor();
  executor.allocate([taskAllocation("build-1")]);

  executor.run(
    "build-1",
    runRequest({
      ports: [],
      definition: taskDefinition({ logSource: "STG" }),
      action: {
        kind: "serial",
        logSource: "",
        actions: [
          { kind: "try", action: cache, logSource: "" },
          runAction({ path: "/tmp/lifecycle/builder", logSource: "STG" }),
        ],
      },
    }),
  );
  const outcome = await b.outcome(executor, "build-1");

  assert.equal(outcome.failed, false);
  assert.ok(b.logs.lines().includes("STG/0 ERR Downloading build artifacts cache failed"));
  await executor[Symbol.asyncDispose]();
});

test("an instance lies over its droplet, which is fetched once for all of them", async (t) => {
  const b = await bench(t);
  const server = await FileServer.start();
  t.after(() => server[Symbol.asyncDispose]());
  const droplet = Buffer.from("a droplet");
  server.files.set("/droplet", droplet);
  const executor = await b.executor();
  const request = runRequest({
    setup: {
      kind: "serial",
      logSource: "CELL",
      actions: [
        {
          kind: "download",
          artifact: "droplet",
          from: server.url("/droplet"),
          to: ".",
          cacheKey: "droplets-web",
          logSource: "CELL",
          user: "vcap",
          checksum: sha256Of(droplet),
        },
      ],
    },
  });
  b.runtime.programs.set("/app", () => new Promise(() => undefined));
  executor.allocate([lrpAllocation("one"), lrpAllocation("two")]);

  executor.run("one", request);
  await b.reaches(executor, "one", "running");
  executor.run("two", request);
  await b.reaches(executor, "two", "running");

  const layers = [...b.runtime.live.values()].map(({ spec }) => spec.layers);
  assert.equal(layers[0]?.length, 1);
  assert.deepEqual(layers[0], layers[1]);
  assert.deepEqual(server.requests, ["/droplet"]);
  const downloads = b.logs.lines().filter((line) => line.includes("ownload"));
  assert.deepEqual(downloads, [
    "CELL/0 OUT Downloading droplet...",
    `CELL/0 OUT Downloaded droplet (${droplet.length}B)`,
    "CELL/0 OUT Downloading droplet...",
    "CELL/0 OUT Downloaded droplet",
  ]);
  await Promise.all([...b.runtime.live.values()].map((container) => container.destroy()));
  await executor[Symbol.asyncDispose]();
});

test("a container has the limits, the stack and the environment that were asked for", async (t) => {
  const b = await bench(t);
  const executor = await b.executor();
  executor.allocate([lrpAllocation("one")]);
  const mb = 1024 * 1024;

  executor.run("one", runRequest({ definition: desiredLrpRequest({ cpuWeight: 12 }) }));
  await b.reaches(executor, "one", "completed");

  const [container] = b.runtime.live.values();
  assert.deepEqual(container?.spec.limits, {
    memoryBytes: 256 * mb,
    pids: 1024,
    cpuShares: 122,
    diskBytes: 1024 * mb,
  });
  assert.equal(container?.spec.stack, "cflinuxfs4");
  assert.equal(container?.spec.egress, false);
  const env = container?.processes.get("action")?.env() ?? {};
  assert.equal(env["LANG"], "en_US.UTF-8");
  assert.equal(env["CF_INSTANCE_GUID"], "one");
  assert.equal(env["CF_INSTANCE_ADDR"], "127.0.0.1:8080");
  await executor[Symbol.asyncDispose]();
});

test("what never began may be tried again, what began may not", async (t) => {
  const b = await bench(t);
  const server = await FileServer.start();
  t.after(() => server[Symbol.asyncDispose]());
  const executor = await b.executor();
  executor.allocate([taskAllocation("no-container"), taskAllocation("no-dependency")]);

  b.runtime.createFails = new Error("no space left on device");
  executor.run("no-container", runRequest());
  const noContainer = await b.outcome(executor, "no-container");
  const missing = {
    name: "",
    from: server.url("/nothing"),
    to: "/tmp/lifecycle",
    cacheKey: "lifecycle",
    logSource: "",
  };
  const definition = desiredLrpRequest({ cachedDependencies: [missing] });
  executor.run("no-dependency", runRequest({ definition }));
  const noDependency = await b.outcome(executor, "no-dependency");
  executor.allocate([taskAllocation("exits")]);
  b.runtime.programs.set("/app", async () => 9);
  executor.run("exits", runRequest({ action: runAction({ logSource: "STG" }) }));
  const exits = await b.outcome(executor, "exits");

  const seen = [noContainer, noDependency, exits].map((outcome) => [
    outcome.failureReason,
    outcome.retryable,
  ]);
  assert.deepEqual(seen, [
    ["failed to create container: no space left on device", true],
    ["failed to download cached artifacts", true],
    ["STG: Exited with status 9", false],
  ]);
  await executor[Symbol.asyncDispose]();
});

test("a task whose result is missing or too big has failed", async (t) => {
  const b = await bench(t);
  const executor = await b.executor();
  executor.allocate([taskAllocation("missing"), taskAllocation("big")]);
  executor.run("missing", runRequest({ resultFile: "/tmp/result.json" }));
  assert.equal((await b.outcome(executor, "missing")).failureReason, "failed to fetch result");

  b.runtime.programs.set("/app", async ({ container }) => {
    container.files.set("/tmp/result.json", Buffer.alloc(51_201));
    return 0;
  });
  executor.run("big", runRequest({ resultFile: "/tmp/result.json" }));
  assert.equal((await b.outcome(executor, "big")).failureReason, "failed to fetch result");
  await executor[Symbol.asyncDispose]();
});

test("a stopped instance drains for a second, then ends as stopped, with time for its last words", async (t) => {
  const b = await bench(t);
  const executor = await b.executor();
  b.runtime.programs.set("/app", async ({ terminated, stdout }) => {
    await terminated;
    stdout.write("bye\n");
    return 0;
  });
  executor.allocate([lrpAllocation("one")]);
  executor.run("one", runRequest());
  await b.reaches(executor, "one", "running");

  executor.stop("one");
  executor.stop("one");
  await b.clock.advance(999);
  assert.equal(executor.get("one")?.stage.state, "running");
  await b.clock.advance(1);

  assert.equal((await b.outcome(executor, "one")).stopped, true);
  assert.deepEqual(b.logs.lines().slice(-3), [
    "CELL/0 OUT Cell cell-1 stopping instance one",
    "APP/PROC/WEB/0 OUT bye",
    "APP/PROC/WEB/0 OUT Exit status 0",
  ]);
  await executor[Symbol.asyncDispose]();
});

test("an instance without a health check is running once its process is, and its gauges follow at once", async (t) => {
  const b = await bench(t);
  const executor = await b.executor();
  b.runtime.programs.set("/app", async ({ terminated }) => {
    await terminated;
    return 143;
  });
  executor.allocate([lrpAllocation("one")]);

  executor.run("one", runRequest({ metricTags: { process_id: "web" } }));
  await b.reaches(executor, "one", "running");

  const stage = executor.get("one")?.stage;
  assert.ok(stage?.state === "running");
  assert.deepEqual(stage.netInfo, {
    address: "127.0.0.1",
    instanceAddress: "127.0.0.1",
    ports: [{ containerPort: 8080, hostPort: 8080 }],
    preferredAddress: "INSTANCE",
  });
  assert.equal(stage.routable, true);
  await executor[Symbol.asyncDispose]();
  const [gauge] = b.logs.gauges;
  assert.deepEqual(gauge?.tags, { process_id: "web" });
  assert.deepEqual(
    [gauge, b.logs.envelopes[0]].map((emitted) => emitted?.origin),
    ["rep", "rep"],
  );
  assert.deepEqual(gauge?.metrics["memory"], { unit: "bytes", value: 1024 });
  assert.deepEqual(gauge?.metrics["cpu_entitlement"], { unit: "percentage", value: 0 });
  assert.deepEqual(gauge?.metrics["log_rate"], { unit: "B/s", value: 0 });
  assert.deepEqual(gauge?.metrics["memory_quota"], { unit: "bytes", value: 256 * 1024 * 1024 });
});

test("a cell that comes back follows the instances that still run", async (t) => {
  const b = await bench(t);
  const end = Promise.withResolvers<void>();
  b.runtime.programs.set("/app", async ({ stdout }) => {
    await end.promise;
    stdout.write("said to the second cell\n");
    return 1;
  });
  const first = await b.executor();
  first.allocate([lrpAllocation("one")]);
  first.run("one", runRequest());
  await b.reaches(first, "one", "running");
  const [container] = b.runtime.live.values();

  // The first is killed: nothing of it is disposed, and what it read with is gone.
  container?.processes.get("action")?.stdout.removeAllListeners();
  b.logs.envelopes.length = 0;
  const second = await b.executor();
  assert.equal(second.get("one")?.stage.state, "created");
  assert.deepEqual(second.remaining(), { memoryMb: 768, diskMb: 3072, containers: 2 });
  second.resume("one", runRequest());
  await b.reaches(second, "one", "running");
  end.resolve();

  const outcome = await b.outcome(second, "one");
  assert.equal(outcome.failureReason, "APP/PROC/WEB: Exited with status 1");
  assert.equal(container?.processes.size, 1, "it was not started again");
  assert.ok(b.logs.lines().includes("APP/PROC/WEB/0 OUT said to the second cell"));
  await second[Symbol.asyncDispose]();
  assert.equal(b.runtime.live.size, 0);
});

test("a cell that comes back ends the tasks it finds, and destroys what it does not know", async (t) => {
  const b = await bench(t);
  b.runtime.programs.set("/app", () => new Promise(() => undefined));
  const first = await b.executor();
  first.allocate([taskAllocation("build-1")]);
  first.run("build-1", runRequest());
  await b.reaches(first, "build-1", "running");
  const [container] = b.runtime.live.values();
  assert.ok(container !== undefined);
  await b.runtime.create({ ...container.spec, handle: "stranger", properties: {} });

  const second = await b.executor();

  const outcome = await b.outcome(second, "build-1");
  assert.equal(outcome.failureReason, "cell restarted while the task was running");
  assert.deepEqual([...b.runtime.live.keys()], ["build-1"]);
  await second.destroy("build-1");
  assert.equal(b.runtime.live.size, 0);
  await second[Symbol.asyncDispose]();
});

test("a container that is kept after its failure has said all that it says when its end is told", async (t) => {
  const b = await bench(t);
  const executor = await b.executor();
  b.runtime.programs.set("/builder", async () => 1);
  executor.allocate([taskAllocation("failed")]);
  const keep = { forMs: 60_000, directory: "/tmp/app", line: "A shell: here" };
  executor.run("failed", runRequest({ action: runAction({ path: "/builder" }), keep }));
  await b.outcome(executor, "failed");
  await executor.conclude("failed");
  assert.deepEqual(
    executor.kept().map(({ guid }) => guid),
    ["failed"],
  );
  const said = b.logs.lines();
  assert.ok(said.at(-1)?.includes("A shell: here"), said.join("\n"));

  await executor.releaseKept("failed", "the test wants its place");

  assert.equal(b.runtime.live.size, 0);
  assert.deepEqual(b.logs.lines(), said);
  await executor[Symbol.asyncDispose]();
});
