import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { ContainerRuntime } from "../container-runtime.ts";
import { createContainer, shell, outcome, firstOutput } from "./contract-container.ts";

export function processTests(open: () => Promise<ContainerRuntime>): void {
  void test("run() gives exit status, standard output and standard error apart", async () => {
    const container = await createContainer(await open());

    const process = await container.run(shell("echo out; echo err >&2; exit 7"));
    const [stdout, stderr, exit] = await outcome(process);

    assert.equal(stdout, "out\n");
    assert.equal(stderr, "err\n");
    assert.deepEqual(exit, { status: 7, outOfMemory: false });
  });

  void test("run() loses nothing of a long output that ends with the process", async () => {
    const container = await createContainer(await open());

    const process = await container.run(shell("seq 300000; seq 100000 >&2; exit 0"));
    const [stdout, stderr] = await outcome(process);

    assert.equal(stdout.split("\n").at(-2), "300000");
    assert.equal(stdout.length, 1_988_895);
    assert.equal(stderr.length, 588_895);
  });

  void test("a traced process has a descriptor 3, whose content comes after the output of before it", async () => {
    const container = await createContainer(await open());

    const script =
      'for i in 1 2 3; do echo "out $i"; echo "err $i" >&2; echo "trace $i" >&3; head -c 1 <&4 >/dev/null; done';
    const process = await container.run({ ...shell(script), traced: true });
    const seen: string[] = [];
    const { stdout, stderr, trace } = process;
    assert.ok(trace);
    for (const stream of [stdout, stderr, trace]) {
      stream.on("data", (chunk: Buffer) => seen.push(...chunk.toString().trim().split("\n")));
    }
    assert.equal((await process.exited).status, 0);
    for (const stream of [stdout, stderr, trace]) {
      if (!stream.readableEnded) await once(stream, "end");
    }

    const turns = [1, 2, 3].map((number) => [`err ${number}`, `out ${number}`, `trace ${number}`]);
    const asTurns = [0, 3, 6].map((at) => seen.slice(at, at + 3));
    // The two outputs are two pipes: which of them is read first is nobody's promise.
    assert.deepEqual(
      asTurns.map((turn) => [...turn.slice(0, 2).sort(), ...turn.slice(2)]),
      turns,
    );
  });

  void test("a process that is not traced has no descriptor 3", async () => {
    const container = await createContainer(await open());

    const [stdout] = await outcome(await container.run(shell("(: >&3) 2>/dev/null || echo none")));

    assert.equal(stdout, "none\n");
  });

  void test("run() adds PATH, USER and HOME to the environment and nothing else", async () => {
    const container = await createContainer(await open());

    const process = await container.run({
      ...shell("/usr/bin/env | grep -v -e ^_= -e ^PWD= -e ^SHLVL= | sort; pwd"),
      env: [{ name: "GREETING", value: "two\nlines" }],
    });
    const [stdout] = await outcome(process);

    const lines = stdout.split("\n").filter((line) => !line.startsWith("PATH="));
    assert.deepEqual(lines.sort(), [
      "",
      "/home/vcap",
      "GREETING=two",
      "HOME=/home/vcap",
      "USER=vcap",
      "lines",
    ]);
    assert.match(stdout, /^PATH=\//m);
  });
}

export function signalTests(open: () => Promise<ContainerRuntime>): void {
  void test("signal() ends a process that has no handler, as 128 and the signal", async () => {
    const container = await createContainer(await open());
    const process = await container.run(shell("echo up; exec sleep 600"));
    await firstOutput(process);

    await process.signal("SIGTERM");
    const [, , exit] = await outcome(process);

    assert.deepEqual(exit, { status: 143, outOfMemory: false });
  });

  void test("signal() reaches the handler of a process", async () => {
    const container = await createContainer(await open());
    const process = await container.run(
      shell("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done"),
    );
    await firstOutput(process);

    await process.signal("SIGTERM");
    const [, , exit] = await outcome(process);

    assert.equal(exit.status, 5);
  });

  void test("signal() kills for good, which is no lack of memory", async () => {
    const container = await createContainer(await open());
    const process = await container.run(shell("trap '' TERM; echo up; exec sleep 600"));
    await firstOutput(process);

    await process.signal("SIGKILL");
    const [, , exit] = await outcome(process);

    assert.deepEqual(exit, { status: 137, outOfMemory: false });
  });

  void test("the streams of a process end with it, though a child of it lives on", async () => {
    const container = await createContainer(await open());

    const process = await container.run(shell("sleep 600 & echo parent; exit 3"));
    const [stdout, , exit] = await outcome(process);

    assert.equal(stdout, "parent\n");
    assert.equal(exit.status, 3);
  });

  void test("process() gives the same process again, and undefined for one never run", async () => {
    const container = await createContainer(await open());
    const process = await container.run({ ...shell("exit 4"), id: "main" });
    await outcome(process);

    const again = await container.process("main");

    assert.equal((await again?.exited)?.status, 4);
    assert.equal(await container.process("other"), undefined);
  });

  void test("run() refuses a program that is not there, and the id of another process", async () => {
    const container = await createContainer(await open());
    await outcome(await container.run({ ...shell("exit 0"), id: "main" }));

    await assert.rejects(container.run({ ...shell(""), path: "/no/such/program" }), /no\/such/);
    await assert.rejects(container.run({ ...shell("exit 0"), id: "main" }), /main/);
    await assert.rejects(container.run({ ...shell("exit 0"), user: "nobody-here" }), /nobody-here/);
  });
}
