import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { ordinal, WaitingLine } from "./waiting-line.ts";

const ordinals: readonly (readonly [number, string])[] = [
  [1, "1st"],
  [2, "2nd"],
  [3, "3rd"],
  [4, "4th"],
  [11, "11th"],
  [12, "12th"],
  [13, "13th"],
  [20, "20th"],
  [21, "21st"],
  [112, "112th"],
  [123, "123rd"],
];

for (const [place, text] of ordinals) {
  test(`place ${place} is said as ${text}`, () => assert.equal(ordinal(place), text));
}

test("a place is said once, and tasks for other cells stand in another line", () => {
  const said: string[] = [];
  const logs = {
    emit: (line: { sourceId: string; payload: Uint8Array | string }) => {
      said.push(`${line.sourceId}: ${line.payload.toString()}`);
    },
  };
  const line = new WaitingLine({ clock: new FakeClock(), logs });
  const stack = "preloaded:cflinuxfs4";
  const task = (name: string, tags: readonly string[], rootFs = stack) => ({
    taskGuid: name,
    domain: "cf-app-staging",
    resource: { memoryMb: 1, diskMb: 1, maxPids: 0 },
    placementConstraint: { rootFs, placementTags: tags },
    origin: { owner: "o", logGuid: name, logSource: "STG" },
  });

  line.tell([task("a", []), task("b", ["segment"]), task("c", [])]);
  line.tell([task("a", []), task("b", ["segment"]), task("c", [])]);
  line.tell([task("c", []), task("d", [], `${stack}?toolchains=go`)]);

  assert.deepEqual(said, [
    "a: Waiting for a cell: 1st in line",
    "b: Waiting for a cell: 1st in line",
    "c: Waiting for a cell: 2nd in line",
    "c: Waiting for a cell: 1st in line",
    // What is laid over the stack makes no other line: the same cells take it.
    "d: Waiting for a cell: 2nd in line",
  ]);
});
