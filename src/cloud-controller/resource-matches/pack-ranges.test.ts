import assert from "node:assert/strict";
import { test } from "node:test";
import { toRanges } from "./pack-ranges.ts";

const file = (sha256: string, packGuid: string, offset: number, compressedSize: number) => ({
  sha256,
  size: compressedSize,
  packGuid,
  offset,
  compressedSize,
  method: 0,
  crc32: 0,
  packedCrc32: 0,
  lastUsedAt: "",
});
const shown = (ranges: ReturnType<typeof toRanges>) =>
  ranges.map(({ packGuid, start, end, files }) => [
    packGuid,
    start,
    end,
    files.map(({ sha256 }) => sha256),
  ]);

test("neighbours in a pack are read at once, far ones and other packs apart", () => {
  const far = 10 * 1024 * 1024;
  const ranges = toRanges([
    file("c", "p1", far, 10),
    file("b", "p1", 10, 5),
    file("a", "p1", 0, 10),
    file("d", "p2", 3, 4),
  ]);

  assert.deepEqual(shown(ranges), [
    ["p1", 0, 15, ["a", "b"]],
    ["p1", far, far + 10, ["c"]],
    ["p2", 3, 7, ["d"]],
  ]);
});

test("a small gap is read along", () => {
  assert.deepEqual(shown(toRanges([file("a", "p", 0, 10), file("b", "p", 1000, 10)])), [
    ["p", 0, 1010, ["a", "b"]],
  ]);
});
