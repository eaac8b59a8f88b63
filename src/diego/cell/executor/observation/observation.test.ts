import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { observationBatchSchema, type ObservationBatch } from "#diego/models/observation.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { Executor } from "../executor.ts";
import { FakeRuntime, type FakeProgram } from "../fake-runtime.ts";
import { RecordedLogs } from "../logs/recorded-logs.ts";
import { runAction, runRequest, taskAllocation } from "../run-request-builder.ts";

/** Takes batches; answers with the statuses that it is given first, or with 200. */
class Listener implements AsyncDisposable {
  readonly batches: ObservationBatch[] = [];
  readonly statuses: number[] = [];
  asked = 0;
  readonly #server = createServer((request, response) => {
    void buffer(request).then((body) => {
      this.asked += 1;
      const status = this.statuses.shift() ?? 200;
      if (status === 200) {
        this.batches.push(observationBatchSchema.parse(JSON.parse(body.toString("utf8"))));
      }
      response.writeHead(status).end();
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/observe`;
  }

  heard(): string[] {
    return this.batches.flatMap(({ records }) =>
      records.map(({ what }) => {
        if (what.kind === "span") return `span ${what.name} ${what.subject} ${what.outcome}`;
        return what.kind === "trace" ? `trace ${what.text}` : `${what.type} ${what.text}`;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Runs a task of that program to its end on a cell, with or without a listener that asked to hear of it. */
async function runTask(
  t: TestContext,
  options: { readonly url: string | undefined; readonly program: FakeProgram },
) {
  const directory = await mkdtemp(path.join(tmpdir(), "observation-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const runtime = new FakeRuntime(path.join(directory, "unpacked"));
  runtime.programs.set("/builder", options.program);
  runtime.programs.set("/bin/sh", async ({ stdout }) => {
    stdout.write("900000000\t/tmp/app/node_modules\n910000000\t/tmp/app\n920000000\t/tmp\n");
    return 0;
  });
  const ended = Promise.withResolvers<void>();
  const logs = new RecordedLogs();
  const executor: Executor = new Executor(
    { cellId: "cell-1", capacity: { memoryMb: 1024, diskMb: 4096, containers: 3 }, directory },
    {
      clock: systemClock,
      logger: new RecordingLogger(),
      runtime,
      logs,
      onChange: (guid) => {
        if (executor.get(guid)?.stage.state === "completed") ended.resolve();
      },
    },
  );
  await executor.recover();
  executor.allocate([taskAllocation("task-1")]);
  const { url } = options;
  executor.run(
    "task-1",
    runRequest({
      action: runAction({ path: "/builder", logSource: "STG" }),
      ...(url === undefined ? {} : { observation: { url, closingLine: "Timeline: there" } }),
    }),
  );
  await ended.promise;
  return {
    logs,
    container: runtime.live.get("task-1"),
    stage: executor.get("task-1")?.stage,
    destroy: () => executor.destroy("task-1"),
    [Symbol.asyncDispose]: () => executor[Symbol.asyncDispose](),
  };
}

test("who asked has heard all lines, traces and times when the container's end is told", async (t) => {
  await using listener = new Listener();
  const url = await listener.start();

  await using task = await runTask(t, {
    url,
    program: async ({ stdout, stderr, trace }) => {
      stdout.write("one\n");
      trace.write('{"phase":"detect"}\n');
      stderr.write(Buffer.from([0x62, 0xff, 0x64, 0x0a]));
      return 0;
    },
  });

  const heard = listener.heard();
  for (const expected of ["OUT one", 'trace {"phase":"detect"}', "ERR b\ufffdd"]) {
    assert.ok(heard.includes(expected), `${expected} in ${heard.join("\n")}`);
  }
  const spans = heard.filter((each) => each.startsWith("span "));
  assert.deepEqual(spans, [
    "span place cell-1 ok",
    "span container cflinuxfs4 ok",
    "span process /builder ok",
  ]);
  assert.equal(heard.at(-1), "OUT Timeline: there");
  assert.ok(task.logs.lines().some((line) => line.includes("Timeline: there")));
  await task.destroy();
  assert.deepEqual(
    listener.batches.flatMap(({ records }) => records.map(({ number }) => number)),
    listener.heard().map((_, at) => at + 1),
  );
  assert.match(listener.heard().at(-1) ?? "", /successfully destroyed/);
  assert.equal(listener.batches.at(-1)?.closed, true);
});

test("a failed process tells its status, and what takes the most of the disk where a line says it is full", async (t) => {
  await using listener = new Listener();
  const url = await listener.start();

  await using _task = await runTask(t, {
    url,
    program: async ({ stderr }) => {
      stderr.write("cp: error writing 'x': No space left on device\n");
      return 223;
    },
  });

  const records = listener.batches.flatMap((batch) => batch.records);
  const span = records
    .map(({ what }) => what)
    .find((what) => what.kind === "span" && what.name === "process");
  assert.ok(span?.kind === "span");
  assert.equal(span.outcome, "exit status 223");
  assert.deepEqual(span.facts, {
    exitStatus: 223,
    outOfMemory: false,
    largestFolders: [{ path: "/tmp/app/node_modules", bytes: 900_000_000 }],
  });
});

test("a batch that was not taken comes again, and one that was refused is the last", async (t) => {
  await using listener = new Listener();
  const url = await listener.start();
  listener.statuses.push(503, 200, 404);

  await using task = await runTask(t, {
    url,
    program: async ({ stdout }) => {
      stdout.write("one\n");
      return 0;
    },
  });
  await task.destroy();

  assert.equal(listener.asked, 3);
  assert.ok(listener.heard().includes("OUT one"));
});

test("of a flood the listener gets the head, the end and not much between", async (t) => {
  await using listener = new Listener();
  const url = await listener.start();
  const line = "x".repeat(999);

  await using _task = await runTask(t, {
    url,
    program: async ({ stdout }) => {
      stdout.write("the head\n");
      for (let count = 0; count < 40; count += 1) {
        if (!stdout.write(`${line}\n`.repeat(1_000))) {
          await new Promise((resolve) => stdout.once("drain", resolve));
        }
      }
      stdout.write("the end\n");
      return 0;
    },
  });

  const heard = listener.heard();
  assert.equal(
    heard.find((each) => each.startsWith("OUT the")),
    "OUT the head",
  );
  assert.ok(heard.includes("OUT the end"));
  assert.ok(heard.length < 12_000, `${heard.length} of 40,000 lines were told`);
});

test("a container ends as it would without a listener, where there is none", async (t) => {
  const silent = new Listener();
  const url = await silent.start();
  await silent[Symbol.asyncDispose]();

  await using task = await runTask(t, { url, program: async () => 0 });

  assert.ok(task.stage?.state === "completed" && !task.stage.outcome.failed);
});

test("who was not asked for tells nothing: no trace, no variable, no closing line", async (t) => {
  const seen: (boolean | undefined | string)[] = [];

  await using task = await runTask(t, {
    url: undefined,
    program: async ({ spec }) => {
      seen.push(spec.traced, ...spec.env.map(({ name }) => name));
      return 0;
    },
  });

  assert.ok(seen.length > 1 && !seen.includes("RIVERA_TRACE_FD") && !seen.includes(true));
  assert.ok(!task.logs.lines().some((line) => line.includes("Timeline")));
});
