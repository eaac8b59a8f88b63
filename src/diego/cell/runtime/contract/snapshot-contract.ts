import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import type { Container, ContainerRuntime, ContainerSnapshots } from "../container-runtime.ts";
import { createContainer, firstOutput, outcome, shell } from "./contract-container.ts";

/** `takes` is whether the runtime can take any. */
export function snapshotTests(open: () => Promise<ContainerRuntime>, takes: boolean): void {
  if (!takes) {
    void test("it takes no snapshots, and says so", async () => {
      assert.equal((await createContainer(await open())).snapshots, undefined);
    });
    return;
  }

  void test("a snapshot holds what lay below /tmp then, whatever is written, renamed and removed later", async () => {
    const container = await createContainer(await open());
    const snapshots = snapshotsOf(container);

    await run(container, "mkdir app app/own; chmod 700 app/own; ln -s /etc/passwd app/link");
    await run(container, "for f in kept changed gone; do echo one >app/$f; done");
    await snapshots.take("first");
    await run(container, "echo two >>app/changed; rm app/gone; mv app moved; echo two >more");
    await snapshots.take("second");
    await run(container, "rm -r moved; echo three >more; test ! -e app");

    using first = await unpacked(snapshots.read("first"));
    assert.deepEqual(first.names("app"), ["changed", "gone", "kept", "link", "own"]);
    assert.equal(first.text("app/changed"), "one\n");
    assert.ok(!first.names("").includes("more"));
    using second = await unpacked(snapshots.read("second"));
    assert.deepEqual(second.names("moved"), ["changed", "kept", "link", "own"]);
    assert.equal(second.text("moved/changed"), "one\ntwo\n");
    assert.equal(second.text("more"), "two\n");
  });

  void test("what is mounted below /tmp stays there after a snapshot, and is not in it", async () => {
    const source = path.join(import.meta.dirname);
    const binds = [{ source, destination: "/tmp/lifecycle" }];
    const container = await createContainer(await open(), { binds });
    const snapshots = snapshotsOf(container);

    for (const name of ["first", "second"]) await snapshots.take(name);

    await run(
      container,
      "test -s lifecycle/snapshot-contract.ts; ! touch lifecycle/mine; rm -f mine",
    );
    using tree = await unpacked(snapshots.read("second"));
    assert.ok(!tree.names("").includes("lifecycle"));
  });

  void test("there is no snapshot while more runs than the process that waits for it", async () => {
    const container = await createContainer(await open());
    const snapshots = snapshotsOf(container);
    const script = "exec 9>/tmp/held; (echo up; exec sleep 600) & wait";
    await firstOutput(await container.run(shell(script)));

    await assert.rejects(snapshots.take("first"), {
      name: "SnapshotRefused",
      message: "a process of an earlier script still ran",
    });

    await container.endProcesses();
    await snapshots.take("first");
    assert.throws(() => snapshots.read("second"), { name: "SnapshotRefused" });
  });
}

function snapshotsOf({ snapshots }: Container): ContainerSnapshots {
  assert.ok(snapshots);
  return snapshots;
}

async function run(container: Container, script: string): Promise<void> {
  const process = await container.run(shell(`set -e; cd /tmp; ${script}`));
  const [, stderr, exit] = await outcome(process);
  assert.equal(exit.status, 0, stderr);
}

async function unpacked(tar: Readable) {
  const folder = mkdtempSync(path.join(tmpdir(), "rivera-snapshot-"));
  const child = spawn("tar", ["-xif", "-", "-C", folder], { stdio: ["pipe", "ignore", "inherit"] });
  const closed = once(child, "close");
  await pipeline(tar, child.stdin);
  assert.deepEqual(await closed, [0, null]);
  return {
    names: (name: string) => readdirSync(path.join(folder, name)).sort(),
    text: (name: string) => readFileSync(path.join(folder, name), "utf8"),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
