import assert from "node:assert/strict";
import { test } from "node:test";
import { readExposition } from "#kernel/metrics/read-exposition.ts";
import { createRegistry } from "#kernel/metrics/registry.ts";
import type { ExecutorContainer } from "../executor/container.ts";
import { meterCell } from "./cell-metrics.ts";

function container(stage: ExecutorContainer["stage"]): ExecutorContainer {
  return {
    guid: "g",
    owner: { kind: "task", taskGuid: "g", domain: "cf-app-staging" },
    memoryMb: 1,
    diskMb: 1,
    maxPids: 1,
    placementTags: [],
    rootFs: "preloaded:cflinuxfs4",
    stage,
    metricTags: {},
  };
}

test("a cell tells what it has, what is left, and its containers by state, also those that have gone", async () => {
  const registry = createRegistry("cell", { cell: "cell-1" });
  let containers = [container({ state: "created" }), container({ state: "created" })];
  meterCell(registry, {
    total: { memoryMb: 4096, diskMb: 8192, containers: 250 },
    remaining: () => ({ memoryMb: 1024, diskMb: 0, containers: 248 }),
    list: () => containers,
  });
  const read = async (metric: string, labels: string) =>
    readExposition(await registry.metrics()).get(
      `rivera_cell_${metric}{cell="cell-1",component="cell"${labels}}`,
    );

  assert.equal(await read("capacity_bytes", ',resource="memory"'), 4 * 1024 ** 3);
  assert.equal(await read("remaining_bytes", ',resource="memory"'), 1024 ** 3);
  assert.equal(await read("remaining_bytes", ',resource="disk"'), 0);
  assert.equal(await read("containers_max", ""), 250);
  assert.equal(await read("containers", ',kind="task",state="created"'), 2);
  containers = [];
  assert.equal(await read("containers", ',kind="task",state="created"'), 0);
});
