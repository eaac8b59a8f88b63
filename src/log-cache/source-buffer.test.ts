import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Envelope } from "./envelope.ts";
import { SourceBuffer } from "./source-buffer.ts";

function line(timestamp: bigint, text: string): Envelope {
  return {
    kind: "LOG",
    type: "OUT",
    payload: text,
    timestamp,
    sourceId: "app",
    instanceId: "0",
    tags: {},
  };
}

function contents(buffer: SourceBuffer): { timestamp: bigint; text: string }[] {
  const start = buffer.lowerBound(-(2n ** 63n));
  const all: { timestamp: bigint; text: string }[] = [];
  for (let position = start; ; position += 1) {
    const envelope = buffer.at(position);
    if (envelope === undefined) return all;
    all.push({
      timestamp: envelope.timestamp,
      text: envelope.kind === "LOG" ? envelope.payload : "",
    });
  }
}

test("envelopes of one timestamp keep their order of arrival, one nanosecond apart", () => {
  const buffer = new SourceBuffer();

  for (const text of ["a", "b", "c"]) buffer.insert(line(100n, text));

  assert.deepEqual(contents(buffer), [
    { timestamp: 100n, text: "a" },
    { timestamp: 101n, text: "b" },
    { timestamp: 102n, text: "c" },
  ]);
});

test("a late envelope takes its place in time, not the end", () => {
  const buffer = new SourceBuffer();

  for (const [timestamp, text] of [
    [100n, "first"],
    [300n, "third"],
    [200n, "second"],
  ] as const) {
    buffer.insert(line(timestamp, text));
  }

  assert.deepEqual(
    contents(buffer).map(({ text }) => text),
    ["first", "second", "third"],
  );
});

test("whatever comes in, timestamps only grow and nothing is lost", () => {
  const operation = fc.oneof(
    { weight: 6, arbitrary: fc.bigInt({ min: -5n, max: 40n }) },
    { weight: 1, arbitrary: fc.constant("drop" as const) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
      const buffer = new SourceBuffer();
      let expected: string[] = [];
      let bytes = 0;
      operations.forEach((step, index) => {
        if (step === "drop") {
          const [oldest] = contents(buffer);
          buffer.dropOldest();
          expected = expected.filter((text) => text !== oldest?.text);
        } else {
          buffer.insert(line(step, String(index)));
          expected.push(String(index));
        }
      });

      const found = contents(buffer);
      bytes = buffer.bytes;
      assert.deepEqual(found.map(({ text }) => text).sort(), expected.sort());
      assert.equal(buffer.size, expected.length);
      assert.equal(bytes > 0, expected.length > 0);
      for (const [index, { timestamp }] of found.entries()) {
        const before = found[index - 1];
        if (before !== undefined) assert.ok(before.timestamp < timestamp);
      }
    }),
  );
});
