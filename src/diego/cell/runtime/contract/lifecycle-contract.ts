import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerRuntime } from "../container-runtime.ts";
import { containerSpec, createContainer, shell, firstOutput } from "./contract-container.ts";

export function lifecycleTests(open: () => Promise<ContainerRuntime>): void {
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

  void test("endProcesses() ends what runs and what that has left behind, and keeps the container", async () => {
    const container = await createContainer(await open());
    const orphan = "setsid sh -c 'while :; do echo >>/tmp/beat; sleep 0.01; done' &";
    const process = await container.run(
      shell(`${orphan} until test -s /tmp/beat; do sleep 0.01; done; echo up; exec sleep 600`),
    );
    await firstOutput(process);

    await container.endProcesses();

    assert.equal((await process.exited).status, 137);
    const still = "a=$(wc -c </tmp/beat); sleep 0.2; test $a = $(wc -c </tmp/beat)";
    assert.equal((await (await container.run(shell(still))).exited).status, 0);
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
