import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { randomGuids } from "#kernel/guid.ts";
import { runChecked } from "#kernel/process/run-command.ts";
import { tarHeader, tarPadding, tarTrailer } from "#kernel/archive/tar-header.ts";
import {
  type Container,
  ContainerFileError,
  type ContainerProcess,
  type ContainerRuntime,
  type ContainerSpec,
  type ProcessSpec,
  UnsafeArchive,
} from "./container-runtime.ts";

/**
 * What the executor may count on, whichever runtime it has. Registers its tests with node:test; processes are
 * `/bin/sh -c SCRIPT` as user vcap.
 */
export function runtimeContract(
  name: string,
  options: {
    /** Opens a runtime with the stack `cflinuxfs4` on an empty data folder. */
    readonly open: (dataDir: string) => Promise<ContainerRuntime>;
    /** Why it cannot run here, or false. */
    readonly skip: string | false;
  },
): void {
  void describe(`${name} keeps the contract of a container runtime`, { skip: options.skip }, () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-contract-"));
    const opened = Promise.withResolvers<ContainerRuntime>();
    before(async () => {
      try {
        opened.resolve(await options.open(dataDir));
      } catch (error) {
        opened.reject(error);
      }
      await opened.promise;
    });
    after(async () => {
      const runtime = await opened.promise;
      await Promise.all((await runtime.containers()).map((container) => container.destroy()));
      await runtime[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    });
    processTests(() => opened.promise);
    signalTests(() => opened.promise);
    fileTests(() => opened.promise);
    lifecycleTests(() => opened.promise);
    unpackTests(() => opened.promise, dataDir);
    layerTests(() => opened.promise, dataDir);
  });
}

type Open = () => Promise<ContainerRuntime>;

function processTests(open: Open): void {
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

function signalTests(open: Open): void {
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

function fileTests(open: Open): void {
  void test("streamIn() unpacks a tar as the user, and streamOut() reads a file back", async () => {
    const container = await createContainer(await open());
    const content = Buffer.alloc(3_000_001, "droplet ");

    await container.streamIn({
      path: "/home/vcap/new/folder",
      user: "vcap",
      tar: tarOf("bin/run.sh", content, 0o755),
    });
    const read = await buffer(
      await container.streamOut({ path: "/home/vcap/new/folder/bin/run.sh", user: "vcap" }),
    );
    const [listing] = await outcome(
      await container.run(shell("stat -c '%U %a' /home/vcap/new/folder/bin/run.sh")),
    );

    assert.ok(read.equals(content));
    assert.equal(listing, "vcap 755\n");
  });

  void test("streamIn() reports an archive that cannot be unpacked", async () => {
    const container = await createContainer(await open());

    const torn = Readable.from([Buffer.alloc(2000, "x")]);
    await assert.rejects(container.streamIn({ path: "/tmp/x", user: "vcap", tar: torn }));
  });

  void test("streamOut() refuses what is missing, a folder, or not the user's to read", async () => {
    const container = await createContainer(await open());

    for (const file of ["/home/vcap/nothing", "/home/vcap", "/root/secret"]) {
      await assert.rejects(container.streamOut({ path: file, user: "vcap" }), ContainerFileError);
    }
  });

  void test("streamOut() gives an empty file as an empty stream", async () => {
    const container = await createContainer(await open());
    await outcome(await container.run(shell(": > /tmp/empty")));

    assert.equal(await text(await container.streamOut({ path: "/tmp/empty", user: "vcap" })), "");
  });
}

function lifecycleTests(open: Open): void {
  void test("containers() knows those that live by handle and properties", async () => {
    const runtime = await open();
    const container = await createContainer(runtime, { properties: { owner: "executor" } });

    const found = (await runtime.containers()).find(({ handle }) => handle === container.handle);

    assert.deepEqual(found?.properties, { owner: "executor" });
    await container.destroy();
    assert.ok(!(await runtime.containers()).some(({ handle }) => handle === container.handle));
  });

  void test("destroy() ends what runs, and may be called again", async () => {
    const container = await createContainer(await open());
    const process = await container.run(shell("trap '' TERM; echo up; exec sleep 600"));

    await Promise.all([container.destroy(), container.destroy()]);
    await container.destroy();

    assert.equal((await process.exited).status, 137);
  });

  void test("create() refuses a handle that is taken, and a stack that it does not have", async () => {
    const runtime = await open();
    const container = await createContainer(runtime);

    await assert.rejects(runtime.create({ ...containerSpec(), handle: container.handle }), /taken/);
    await assert.rejects(runtime.create({ ...containerSpec(), stack: "lucid64" }), /lucid64/);
    await assert.rejects(runtime.create({ ...containerSpec(), handle: "../x" }), /handle/);
  });

  void test("create() leaves nothing where it was given up", async () => {
    const runtime = await open();
    const spec = containerSpec();

    await assert.rejects(
      runtime.create(spec, AbortSignal.abort(new Error("given up"))),
      /given up/,
    );

    assert.ok(!(await runtime.containers()).some(({ handle }) => handle === spec.handle));
    await (await runtime.create(spec)).destroy();
  });

  void test("metrics() tells memory, processor time, processes and disk", async () => {
    const container = await createContainer(await open());
    const busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo up; exec sleep 600";
    const process = await container.run(shell(`head -c 2000000 /dev/zero > /tmp/file; ${busy}`));
    await firstOutput(process);

    const metrics = await container.metrics();

    assert.ok(metrics.cpuNanoseconds > 1_000_000n);
    assert.ok(metrics.memoryBytes > 0);
    assert.ok(metrics.pids >= 1);
    assert.ok(metrics.diskBytes >= 2_000_000);
  });
}

function layerTests(open: Open, dataDir: string): void {
  void test("a layer below /tmp may be renamed and rewritten, and the next container finds it as it was", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const layer = await runtime.unpack({
      key: randomGuids(),
      archive,
      owner: "vcap",
      below: "/tmp/app",
    });
    // As a builder does it: a plain rename where the runtime promises one, else a copy.
    const move = runtime.description.renamesLayers
      ? "perl -e 'rename $ARGV[0], $ARGV[1] or die $!' /tmp/app /tmp/contents/app"
      : "mv /tmp/app /tmp/contents/app";
    const script = `set -e; cd /; mkdir /tmp/contents; echo more >> /tmp/app/app/start; ${move}; test ! -e /tmp/app
      stat -c %U /tmp/contents/app/app; cat /tmp/contents/app/app/start; rm -r /tmp/contents`;

    const one = await createContainer(runtime, { layers: [layer] });
    const [stdout, stderr] = await outcome(await one.run(shell(script)));
    const two = await createContainer(runtime, { layers: [layer] });
    const [again] = await outcome(await two.run(shell("stat -c %a /tmp; cat /tmp/app/app/start")));

    assert.equal(stderr, "");
    assert.equal(stdout, "vcap\nstarted\nmore\n");
    assert.equal(again, "1777\nstarted\n");
  });
}

function unpackTests(open: Open, dataDir: string): void {
  void test("unpack() makes a layer that appears at its place, owned by vcap and writable", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const layer = await runtime.unpack({
      key: randomGuids(),
      archive,
      owner: "vcap",
      below: "/home/vcap",
    });

    const container = await createContainer(runtime, { layers: [layer] });
    const script = "stat -c '%U' ~/app/start && cat ~/app/start && mv ~/app ~/renamed && ls -d ~/*";
    const [stdout, stderr] = await outcome(await container.run(shell(script)));

    assert.equal(stderr, "");
    assert.equal(stdout, "vcap\nstarted\n/home/vcap/logs\n/home/vcap/renamed\n/home/vcap/tmp\n");
  });

  void test("unpack() gives the same folder for the same key, and two containers share it", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const request = { key: randomGuids(), archive, owner: "vcap", below: "/home/vcap" } as const;
    const [first, second] = await Promise.all([runtime.unpack(request), runtime.unpack(request)]);

    const one = await createContainer(runtime, { layers: [first] });
    const two = await createContainer(runtime, { layers: [second] });
    await outcome(await one.run(shell("echo changed > ~/app/start")));
    const [stdout] = await outcome(await two.run(shell("cat ~/app/start")));

    assert.equal(first, second);
    assert.equal(stdout, "started\n");
  });

  void test("unpack() makes what a bind shows, which nobody inside may change", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const source = await runtime.unpack({ key: randomGuids(), archive, owner: "root", below: "/" });

    const container = await createContainer(runtime, {
      binds: [{ source, destination: "/tmp/buildpacks/one" }],
    });
    const script = "cat /tmp/buildpacks/one/app/start; echo x > /tmp/buildpacks/one/app/start";
    const [stdout, , exit] = await outcome(await container.run(shell(script)));

    assert.equal(stdout, "started\n");
    assert.notEqual(exit.status, 0);
  });

  void test("unpack() refuses an archive that reaches outside, and leaves nothing of it", async () => {
    const runtime = await open();
    const outside = path.join(dataDir, "outside");
    const archive = path.join(dataDir, `${randomGuids()}.tar`);
    writeFileSync(
      archive,
      await buffer(tarOf(`../../${path.basename(outside)}`, Buffer.from("x"), 0o644)),
    );
    const request = { key: randomGuids(), archive, owner: "vcap", below: "/home/vcap" } as const;

    await assert.rejects(runtime.unpack(request), UnsafeArchive);
    await assert.rejects(runtime.unpack(request), UnsafeArchive);
  });

  void test("pruneUnpacked() keeps what it is told to, and what a container uses", async () => {
    const runtime = await open();
    const archive = await dropletArchive(dataDir);
    const unpack = (key: string) =>
      runtime.unpack({ key, archive, owner: "vcap", below: "/home/vcap" });
    const kept = await unpack("kept");
    const used = await unpack("used");
    await unpack("unused");
    const container = await createContainer(runtime, { layers: [used] });

    await runtime.pruneUnpacked(new Set(["kept"]));

    const [stdout] = await outcome(await container.run(shell("cat ~/app/start")));
    assert.equal(stdout, "started\n");
    writeFileSync(archive, "no archive");
    assert.equal(await unpack("kept"), kept);
    await assert.rejects(unpack("unused"));
  });
}

function containerSpec(): ContainerSpec {
  return {
    handle: `contract-${randomGuids()}`,
    stack: "cflinuxfs4",
    layers: [],
    binds: [],
    limits: { memoryBytes: 128 * 1024 ** 2, pids: 100, cpuShares: 102, diskBytes: 512 * 1024 ** 2 },
    egress: true,
    properties: {},
  };
}

export async function createContainer(
  runtime: ContainerRuntime,
  changes: Partial<ContainerSpec> = {},
): Promise<Container> {
  return runtime.create({ ...containerSpec(), ...changes });
}

export function shell(script: string): ProcessSpec {
  return {
    id: randomGuids(),
    path: "/bin/sh",
    args: ["-c", script],
    env: [],
    dir: "",
    user: "vcap",
  };
}

/** Everything a process wrote, and how it ended. */
export async function outcome(
  process: ContainerProcess,
): Promise<[stdout: string, stderr: string, exit: Awaited<ContainerProcess["exited"]>]> {
  return Promise.all([text(process.stdout), text(process.stderr), process.exited]);
}

/** Waits for the first bytes and puts them back. */
export async function firstOutput(process: ContainerProcess): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.once("readable", () => resolve()));
}

function tarOf(name: string, content: Buffer, mode: number): Readable {
  const header = tarHeader({ name, type: "0", mode, size: content.length, modified: 0 });
  return Readable.from([header, content, tarPadding(content.length), tarTrailer]);
}

async function dropletArchive(dataDir: string): Promise<string> {
  const folder = path.join(dataDir, `droplet-${randomGuids()}`);
  mkdirSync(path.join(folder, "app"), { recursive: true });
  writeFileSync(path.join(folder, "app/start"), "started\n");
  const archive = `${folder}.tgz`;
  await runChecked("tar", ["-czf", archive, "-C", folder, "./app"]);
  return archive;
}
