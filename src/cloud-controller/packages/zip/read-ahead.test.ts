import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { ReadAhead } from "./read-ahead.ts";

test("whatever is asked for in whatever order, a read gives the file's bytes, and fewer only at its end", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "read-ahead-"));
  const content = randomBytes(3 * ReadAhead.mostBytes);
  writeFileSync(path.join(directory, "file"), content);
  const fd = openSync(path.join(directory, "file"), "r");
  // A step says how far behind the end of the last read the next one begins: small ones follow, the others jump.
  const step = fc.record({
    gap: fc.oneof(
      fc.constant(0),
      fc.integer({ min: -100, max: 20_000 }),
      fc.integer({ min: -content.length, max: content.length }),
    ),
    length: fc.oneof(
      fc.integer({ min: 0, max: 5_000 }),
      fc.integer({ min: 0, max: ReadAhead.mostBytes }),
    ),
  });
  try {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const file = new ReadAhead(fd);
        let end = 0;
        for (const { gap, length } of steps) {
          const offset = Math.min(Math.max(0, end + gap), content.length);
          const read = file.read(offset, length);
          assert.ok(read.equals(content.subarray(offset, offset + length)), `${offset} ${length}`);
          end = offset + length;
        }
      }),
      { numRuns: 200 },
    );
  } finally {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  }
});
