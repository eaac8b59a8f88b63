import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineSplitter, maxLineBytes } from "./line-splitter.ts";

function linesOf(chunks: readonly Buffer[]): Buffer[] {
  const lines: Buffer[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.flush();
  return lines;
}

function texts(...chunks: string[]): string[] {
  return linesOf(chunks.map((chunk) => Buffer.from(chunk))).map((line) => line.toString("utf8"));
}

test("lines end at a newline or carriage return, and empty ones are dropped", () => {
  const cases: [string[], string[]][] = [
    [["one\ntwo\n"], ["one", "two"]],
    [["one\r\ntwo\r\n"], ["one", "two"]],
    [["10%\r20%\r30%\n"], ["10%", "20%", "30%"]],
    [["\n\n\r\n"], []],
    [["no newline"], ["no newline"]],
    [
      ["over ", "chunks\nand ", "more"],
      ["over chunks", "and more"],
    ],
    [[], []],
  ];
  for (const [chunks, expected] of cases) assert.deepEqual(texts(...chunks), expected);
});

test("a long line is cut between characters", () => {
  const euros = "€".repeat(maxLineBytes);

  const lines = linesOf([Buffer.from(`a${euros}`)]);

  assert.ok(lines.every((line) => line.length <= maxLineBytes));
  assert.ok(lines.every((line) => !line.toString("utf8").includes("\uFFFD")));
  assert.equal(Buffer.concat(lines).toString("utf8"), `a${euros}`);
});

test("bytes that are no UTF-8 are cut all the same, and kept", () => {
  const noise = Buffer.alloc(maxLineBytes * 2 + 5, 0x80);

  const lines = linesOf([noise]);

  assert.ok(lines.every((line) => line.length <= maxLineBytes));
  assert.deepEqual(Buffer.concat(lines), noise);
});

test("how the bytes are cut into chunks does not matter", () => {
  const anyText = fc.array(fc.constantFrom("a", "bc", "é", "\n", "\r", "x".repeat(40_000)), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(anyText, fc.array(fc.nat(), { maxLength: 6 }), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(""));
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
        (a, b) => a - b,
      );
      const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));

      assert.deepEqual(linesOf(chunks), linesOf([bytes]));
    }),
  );
});
