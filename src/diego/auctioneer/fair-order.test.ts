import assert from "node:assert/strict";
import { test } from "node:test";
import { fairOrder } from "./fair-order.ts";

const table: readonly [
  name: string,
  tasks: string,
  running: Readonly<Record<string, number>>,
  order: string,
][] = [
  ["one owner's in the order they came", "a1 a2 a3", {}, "a1 a2 a3"],
  ["owners take turns", "a1 a2 a3 b1 c1 c2", {}, "a1 b1 c1 a2 c2 a3"],
  ["who has nothing running comes first", "a1 a2 b1", { a: 2 }, "b1 a1 a2"],
  ["turns go on from what runs", "a1 a2 b1 b2 b3", { a: 1 }, "b1 a1 b2 a2 b3"],
  ["of one turn the larger first", "a1 b1:3 c1:2", {}, "b1:3 c1:2 a1"],
  ["an owner's own are not sorted by size", "a1 a2:9", {}, "a1 a2:9"],
  ["without owners by size alone", "-1 -2:4 -3:2", {}, "-2:4 -3:2 -1"],
];

for (const [name, tasks, running, order] of table) {
  test(`fair order: ${name}`, () => {
    const given = tasks.split(" ").map((text) => ({
      text,
      resource: { memoryMb: Number(text.split(":")[1] ?? 1), diskMb: 1, maxPids: 0 },
      ...(text.startsWith("-")
        ? {}
        : { origin: { owner: text.charAt(0), logGuid: text, logSource: "STG" } }),
    }));

    const ordered = fairOrder(given, new Map(Object.entries(running)));

    assert.equal(ordered.map(({ text }) => text).join(" "), order);
  });
}

test("fair order: fifty pushes of one organization keep another's single push waiting for one turn at most", () => {
  const resource = { memoryMb: 1024, diskMb: 1, maxPids: 0 };
  const of = (owner: string, count: number) =>
    Array.from({ length: count }, (_, at) => ({
      resource,
      origin: { owner, logGuid: `${owner}-${at}`, logSource: "STG" },
    }));

  const ordered = fairOrder([...of("big", 50), ...of("small", 1)], new Map([["big", 4]]));

  assert.equal(ordered[0]?.origin.owner, "small");
  assert.equal(ordered.length, 51);
});
