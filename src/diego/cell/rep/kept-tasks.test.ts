import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { WebSocket, type RawData } from "ws";
import { observationAnnotation } from "#diego/models/observation.ts";
import { keepAnnotation } from "#diego/models/keep-request.ts";
import { pendingTask, taskDefinition } from "#diego/models/model-builders.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { asInternalSecret } from "#kernel/http/internal-auth.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { FakeRuntime, type FakeTerminal } from "../executor/fake-runtime.ts";
import { RecordedLogs } from "../executor/logs/recorded-logs.ts";
import { createKeptTaskClient, createRepClient, type CellTask } from "./client.ts";
import { FakeBbs } from "./fake-bbs.ts";
import { startRep } from "./start-rep.ts";

const secret = asInternalSecret("a secret of these tests");
const minute = 60_000;
const keep = { forMs: 15 * minute, directory: "/tmp/app", line: "A shell: so" };
const annotation = JSON.stringify({ rivera: keepAnnotation(keep) });
const window = { columns: 100, rows: 30 };

/** A cell on which a task does what its name says, up to its first hyphen: failing, fine, endless. */
class Cell {
  readonly bbs = new FakeBbs();
  readonly clock = new FakeClock();
  readonly logs = new RecordedLogs();
  readonly runtime: FakeRuntime;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.runtime = new FakeRuntime(path.join(directory, "unpacked"));
    this.runtime.programs.set("/failing", async () => 223);
    this.runtime.programs.set("/fine", async ({ container }) => {
      container.files.set("/tmp/result.json", Buffer.from("{}"));
      return 0;
    });
    this.runtime.programs.set("/endless", async ({ terminated }) => {
      await terminated;
      return 143;
    });
  }

  async start(kept = { containers: 2, terminals: 2, idleMs: 5 * minute }) {
    const rep = await startRep(
      {
        cellId: "cell-a",
        zone: "z1",
        port: 0,
        secret,
        capacity: { memoryMb: 1024, diskMb: 8192, containers: 10 },
        directory: this.#directory,
        kept,
      },
      {
        bbs: this.bbs,
        clock: this.clock,
        logs: this.logs,
        runtime: this.runtime,
        logger: new RecordingLogger(),
      },
    );
    return {
      kept: createKeptTaskClient(secret, systemClock)(rep.url),
      client: createRepClient(secret)(rep.url),
      [Symbol.asyncDispose]: () => rep[Symbol.asyncDispose](),
    };
  }

  task(taskGuid: string, asked = annotation): CellTask {
    const definition = taskDefinition({
      annotation: asked,
      action: {
        kind: "run",
        path: `/${taskGuid.replace(/-.*/, "")}`,
        args: [],
        dir: "",
        env: [{ name: "WHO", value: "me" }],
        user: "vcap",
        logSource: "STG",
        suppressLogOutput: false,
      },
    });
    this.bbs.taskRows.set(taskGuid, pendingTask({ taskGuid, definition }));
    return {
      taskGuid,
      domain: "cf-app-staging",
      resource: { memoryMb: 512, diskMb: 1024, maxPids: 0 },
      placementConstraint: { placementTags: [], rootFs: "preloaded:cflinuxfs4" },
    };
  }

  terminal(index = -1): FakeTerminal {
    const found = [...this.runtime.live.values()].flatMap(({ terminals }) => terminals).at(index);
    assert.ok(found);
    return found;
  }
}

type StartedCell = Awaited<ReturnType<Cell["start"]>>;

async function newCell(t: TestContext): Promise<Cell> {
  const directory = await mkdtemp(path.join(tmpdir(), "rep-kept-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return new Cell(directory);
}

/** Has the cell run them; resolves once what it keeps of them is exactly that. */
async function stage(
  { client, kept }: StartedCell,
  tasks: readonly CellTask[],
  expected: readonly string[],
): Promise<void> {
  const left = await client.work({ cellId: "cell-a", lrps: [], tasks });
  assert.deepEqual(left.tasks, []);
  await keeps(kept, expected);
}

async function keeps(kept: StartedCell["kept"], expected: readonly string[]): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const guids = (await kept.list()).map(({ taskGuid }) => taskGuid).toSorted();
    if (String(guids) === String(expected)) return;
    assert.ok(tries < 1_000, `kept are ${String(guids)}`);
  }
}

/** Opens a terminal and gathers what comes of it. */
async function sitDown({ kept }: StartedCell, taskGuid: string) {
  const { url, headers } = kept.terminal(taskGuid, window);
  const socket = new WebSocket(url, ["rivera.terminal"], { headers });
  const said: unknown[] = [];
  const shown: string[] = [];
  socket.on("message", (data: RawData, isBinary: boolean) => {
    assert.ok(Buffer.isBuffer(data));
    if (isBinary) shown.push(data.toString());
    else said.push(JSON.parse(data.toString()));
  });
  const [outcome] = await Promise.race([
    once(socket, "open").then(() => ["open"]),
    once(socket, "unexpected-response").then(([, response]) => [response.statusCode]),
  ]);
  return { socket, said, shown, outcome, closed: once(socket, "close") };
}

test("a task that failed is told as ever, and its container stays until its time is over", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();

  await stage(rep, [cell.task("failing-1"), cell.task("fine")], ["failing-1"]);

  assert.equal(cell.bbs.taskRows.get("failing-1")?.state, "COMPLETED");
  const { tasks, availableResources } = await rep.client.state();
  assert.deepEqual(tasks, [], "to the auctioneer it is gone");
  assert.equal(availableResources.memoryMb, 1024);
  assert.ok(cell.logs.lines().some((line) => line.endsWith("A shell: so")));
  const [told] = await rep.kept.list();
  assert.equal(told?.until.getTime(), cell.clock.now().getTime() + keep.forMs);
  await cell.clock.advance(keep.forMs - minute);
  await keeps(rep.kept, ["failing-1"]);
  await cell.clock.advance(minute + 2_000);
  await keeps(rep.kept, []);
  assert.equal(cell.runtime.live.size, 0);
});

test("nothing stays of a task that was cancelled, asked for nothing, or where the cell keeps none", async (t) => {
  const cell = await newCell(t);
  const gone = async (taskGuid: string) => {
    await cell.bbs.until(() => cell.bbs.taskRows.get(taskGuid)?.state === "COMPLETED");
    while (cell.runtime.live.size > 0) await new Promise(setImmediate);
  };
  {
    await using rep = await cell.start();
    await stage(rep, [cell.task("failing-unasked", "{}")], []);
    await gone("failing-unasked");
    await stage(rep, [cell.task("endless")], []);
    await cell.bbs.until(() => cell.bbs.taskRows.get("endless")?.state === "RUNNING");
    while (cell.runtime.live.size === 0) await new Promise(setImmediate);
    await rep.client.cancelTask("endless");
    while (cell.runtime.live.size > 0) await new Promise(setImmediate);
    await keeps(rep.kept, []);
  }
  await using rep = await cell.start({ containers: 0, terminals: 1, idleMs: minute });
  await stage(rep, [cell.task("failing-2")], []);
  await gone("failing-2");
  await keeps(rep.kept, []);
});

test("a kept container goes when its build is deleted, and with its cell", async (t) => {
  const cell = await newCell(t);
  {
    await using rep = await cell.start();
    await stage(rep, [cell.task("failing-1"), cell.task("failing-2")], ["failing-1", "failing-2"]);
    await rep.kept.release("failing-1");
    await keeps(rep.kept, ["failing-2"]);
  }
  assert.equal(cell.runtime.live.size, 0);
});

test("what a cell that was killed has kept is removed by the one that comes back", async (t) => {
  const cell = await newCell(t);
  const killed = await cell.start();
  await stage(killed, [cell.task("failing-1")], ["failing-1"]);
  const [left] = cell.runtime.live.values();
  assert.ok(left);
  await killed[Symbol.asyncDispose]();
  cell.runtime.live.set(left.handle, left);

  await using rep = await cell.start();

  while (cell.runtime.live.size > 0) await new Promise(setImmediate);
  await keeps(rep.kept, []);
  assert.equal(cell.bbs.taskRows.get("failing-1")?.failureReason, "STG: Exited with status 223");
});

test("work gets the place of a kept container at once, and a newer failure that of the oldest", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();
  await stage(rep, [cell.task("failing-1")], ["failing-1"]);
  await cell.clock.advance(minute);
  // Two of 512 MB are all that the cell has.
  await stage(rep, [cell.task("failing-2")], ["failing-1", "failing-2"]);
  const guest = await sitDown(rep, "failing-1");

  await stage(rep, [cell.task("failing-3")], ["failing-1", "failing-3"]);
  await stage(rep, [cell.task("failing-4"), cell.task("failing-5")], ["failing-4", "failing-5"]);

  await guest.closed;
  assert.deepEqual(guest.said, [
    { ended: { reason: "The container is removed: its place on the cell is needed" } },
  ]);
});

test("a terminal carries bytes both ways, windows and the exit status, in the program's surroundings", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();
  await stage(rep, [cell.task("failing-1")], ["failing-1"]);

  const guest = await sitDown(rep, "failing-1");

  assert.equal(guest.outcome, "open");
  const terminal = cell.terminal();
  const { env, ...spec } = terminal.spec;
  assert.deepEqual(spec, {
    path: "/bin/bash",
    args: ["--norc"],
    dir: "/tmp/app",
    user: "vcap",
    ...window,
  });
  assert.ok(env.some(({ name, value }) => name === "WHO" && value === "me"));
  guest.socket.send(Buffer.from("ls\r"));
  guest.socket.send(JSON.stringify({ resize: { columns: 7, rows: 5 } }));
  const [typed] = await once(terminal.input, "data");
  assert.equal(String(typed), "ls\r");
  terminal.output.write("package.json\r\n");
  await once(guest.socket, "message");
  assert.deepEqual(terminal.windows, [[7, 5]]);
  terminal.exitWith(3);
  await guest.closed;
  assert.deepEqual(guest.shown, ["package.json\r\n"]);
  assert.deepEqual(guest.said, [{ exit: { status: 3 } }]);
});

test("a terminal left open is closed with words, and while one is open the container's time does not run out", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();
  await stage(rep, [cell.task("failing-1")], ["failing-1"]);
  await cell.clock.advance(14 * minute);
  const guest = await sitDown(rep, "failing-1");

  await cell.clock.advance(4 * minute);
  guest.socket.send(Buffer.from("x"));
  await once(cell.terminal().input, "data");
  await cell.clock.advance(4 * minute);
  assert.equal(guest.socket.readyState, WebSocket.OPEN);
  await cell.clock.advance(minute + 2_000);

  await guest.closed;
  assert.deepEqual(guest.said, [
    { ended: { reason: "Nothing was typed or shown for 300 seconds" } },
  ]);
  assert.equal(await cell.terminal().exited, 137);
  await keeps(rep.kept, ["failing-1"]);
});

test("a program that reads nothing makes its terminal wait, and one whose reader has gone is hung up", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();
  await stage(rep, [cell.task("failing-1")], ["failing-1"]);
  const guest = await sitDown(rep, "failing-1");
  const { input, exited } = cell.terminal();

  for (let sent = 0; sent < 400; sent += 1) guest.socket.send(Buffer.alloc(100_000));
  await once(input, "readable");

  assert.ok(input.readableLength < 1_000_000, `${input.readableLength} bytes wait in the cell`);
  input.resume();
  guest.socket.terminate();
  assert.equal(await exited, 137);
});

test("a client that says what it has read is sent ahead by a bounded amount, and the rest once it reads on", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();
  await stage(rep, [cell.task("failing-1")], ["failing-1"]);
  const guest = await sitDown(rep, "failing-1");
  const { output } = cell.terminal();
  const received = () => guest.shown.join("").length;
  guest.socket.send(JSON.stringify({ read: 0 }));
  guest.socket.send(JSON.stringify({ resize: { columns: 9, rows: 9 } }));
  while (cell.terminal().windows.length === 0) await new Promise(setImmediate);

  for (let written = 0; written < 20; written += 1) output.write("x".repeat(65_536));
  while (received() <= 256 * 1024) await once(guest.socket, "message");
  // A whole turn there and back: nothing else is on its way.
  await rep.kept.list();
  assert.ok(received() <= 512 * 1024, `${received()} bytes were sent ahead`);
  for (let read = 0; received() < 20 * 65_536;) {
    const news = received() - read;
    read += news;
    guest.socket.send(JSON.stringify({ read: news }));
    await once(guest.socket, "message");
  }
  cell.terminal().exitWith(0);
  await guest.closed;
  assert.deepEqual(guest.said, [{ exit: { status: 0 } }]);
});

test("what a script of a failed task found is told and read, and its last line says where to go on", async (t) => {
  const cell = await newCell(t);
  cell.runtime.programs.set("/failing", async ({ spec, container, trace }) => {
    const before = (snapshot: string, first: boolean) =>
      trace.write(`${JSON.stringify({ snapshot, buildpack: "b", first })}\n`);
    before("supply:0", true);
    before("supply:1", false);
    for (let tries = 0; tries < 1_000; tries += 1) {
      if (container.processes.get(spec.id)?.answers.length === 2) return 223;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return 1;
  });
  const listener = createServer((request, response) =>
    request.resume().on("end", () => response.end()),
  );
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  t.after(() => listener.close());
  const { port } = listener.address() as AddressInfo;
  const observed = { url: `http://127.0.0.1:${port}/observed`, closingLine: "" };
  const retryLine = "on from {script}: so";
  const asked = observationAnnotation(observed, keepAnnotation({ ...keep, retryLine }));
  await using started = await cell.start();
  await stage(started, [cell.task("failing-1", asked)], ["failing-1"]);
  const { kept } = started;
  const { signal } = new AbortController();

  const [task] = await kept.list();
  const tar = await kept.snapshot("failing-1", "supply:1", signal);

  assert.deepEqual(
    task?.snapshots.map(({ script, isFirst }) => [script, isFirst]),
    [
      ["supply:0", true],
      ["supply:1", false],
    ],
  );
  assert.ok(tar);
  assert.equal(await text(tar), "supply:1");
  for (const script of ["supply:0", "finalize:1", "../x"]) {
    assert.equal(await kept.snapshot("failing-1", script, signal), undefined);
  }
  assert.equal(await kept.snapshot("failing-2", "supply:1", signal), undefined);
  assert.match(cell.logs.lines().join("\n"), /A shell: so\n.*on from supply:1: so/);
});

test("doors of a kept container: no secret, no such task, no window, too many at once, nonsense", async (t) => {
  const cell = await newCell(t);
  await using rep = await cell.start();
  await stage(rep, [cell.task("failing-1")], ["failing-1"]);
  const { url, headers } = rep.kept.terminal("failing-1", window);
  const knock = async (to: string | URL, given: Readonly<Record<string, string>>) => {
    const socket = new WebSocket(to, { headers: given });
    const [, response] = await once(socket, "unexpected-response");
    response.resume();
    return response.statusCode;
  };

  assert.equal(await knock(url, {}), 401);
  assert.equal(await knock(new URL("?columns=0&rows=5", url), headers), 400);
  assert.equal(await knock(new URL("/v1/other", url), headers), 400);
  assert.equal((await sitDown(rep, "failing-2")).outcome, 404);
  const guests = [await sitDown(rep, "failing-1"), await sitDown(rep, "failing-1")];
  assert.deepEqual(
    guests.map(({ outcome }) => outcome),
    ["open", "open"],
  );
  assert.equal((await sitDown(rep, "failing-1")).outcome, 409);

  guests[0]?.socket.send("no JSON");
  const [code] = (await guests[0]?.closed) ?? [];
  assert.equal(code, 1007);
  assert.equal((await sitDown(rep, "failing-1")).outcome, "open");
});
