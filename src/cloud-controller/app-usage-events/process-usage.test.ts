import assert from "node:assert/strict";
import { test } from "node:test";
import { processUsage, type ProcessUse } from "./process-usage.ts";

const started: ProcessUse = { state: "STARTED", instances: 2, memoryInMb: 64 };
const stopped: ProcessUse = { ...started, state: "STOPPED" };

test("a start, a stop, and a change of the size of what is started are told", () => {
  const cases: [ProcessUse, ProcessUse | undefined, string | undefined][] = [
    [stopped, started, "STARTED"],
    [started, stopped, "STOPPED"],
    [started, undefined, "STOPPED"],
    [stopped, undefined, undefined],
    [started, started, undefined],
    [started, { ...started, instances: 3 }, "STARTED"],
    [started, { ...started, memoryInMb: 65 }, "STARTED"],
    [stopped, { ...stopped, instances: 3 }, undefined],
  ];
  for (const [before, after, told] of cases) {
    assert.equal(processUsage(before, after), told, JSON.stringify([before, after]));
  }
});
