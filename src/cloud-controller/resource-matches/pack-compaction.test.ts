import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cut, planCompaction } from "./pack-compaction.ts";

const packBytes = 1600;
const pack = (guid: string, size: number, liveBytes: number) => ({ guid, size, liveBytes });
const small = (count: number) =>
  Array.from({ length: count }, (_, index) => pack(`s${index}`, 100, 100));

const plans = [
  ["nothing", [], { empty: [], merge: [] }],
  ["a pack in use", [pack("a", 1000, 900)], { empty: [], merge: [] }],
  ["a pack without a living file", [pack("a", 1000, 0)], { empty: ["a"], merge: [] }],
  ["a pack half dead", [pack("a", 1000, 500)], { empty: [], merge: [["a"]] }],
  [
    "half dead ones that fit into one, and one that does not",
    [pack("a", 1600, 800), pack("b", 1600, 800), pack("c", 1600, 800)],
    { empty: [], merge: [["a", "b"], ["c"]] },
  ],
  ["a few small ones", small(15), { empty: [], merge: [] }],
  ["many small ones", small(16), { empty: [], merge: [small(16).map(({ guid }) => guid)] }],
  [
    "a small one too many is not rewritten for nothing",
    small(17),
    { empty: [], merge: [small(16).map(({ guid }) => guid)] },
  ],
] as const;

for (const [what, packs, plan] of plans) {
  test(`compaction of ${what}`, () => {
    assert.deepEqual(planCompaction(packs, packBytes), plan);
  });
}

test("the living bytes of a pack are cut out of it however it comes in pieces", async () => {
  const property = fc.asyncProperty(
    fc.array(fc.record({ bytes: fc.string({ minLength: 1, maxLength: 9 }), lives: fc.boolean() })),
    fc.integer({ min: 1, max: 20 }),
    async (parts, pieceBytes) => {
      let offset = 0;
      const files = parts.map(({ bytes, lives }) => {
        const content = Buffer.from(bytes);
        offset += content.length;
        return { content, lives, offset: offset - content.length, compressedSize: content.length };
      });
      const whole = Buffer.concat(files.map(({ content }) => content));
      const living = files.filter(({ lives }) => lives);

      const got: Buffer[] = [];
      for await (const piece of cut(piecesOf(whole, pieceBytes), living)) got.push(piece);

      assert.deepEqual(Buffer.concat(got), Buffer.concat(living.map(({ content }) => content)));
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test("a pack that ends too early is no source of a new one", async () => {
  const pieces = cut(piecesOf(Buffer.from("short"), 2), [{ offset: 3, compressedSize: 9 }]);

  await assert.rejects(async () => {
    for await (const piece of pieces) assert.ok(piece.length > 0);
  }, /too short/);
});

async function* piecesOf(whole: Buffer, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes);
}
