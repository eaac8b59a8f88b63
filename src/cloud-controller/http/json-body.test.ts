import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseJsonBody } from "./json-body.ts";

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const open = "[".repeat(100);

test("brackets in strings nest nothing, whatever is escaped there", () => {
  for (const text of [
    open,
    `"${open}`,
    `\\${open}`,
    `\\"${open}`,
    `${open}\\`,
    `\\\\"${open}\\\\`,
  ]) {
    const body = { [text]: text, last: [text] };

    assert.deepEqual(parseJsonBody(JSON.stringify(body)), body);
  }
});

test("nesting of 64 levels is read and of 65 is not, also behind strings that end in backslashes", () => {
  for (const text of ["", "\\", "\\\\", '\\"', '"']) {
    const before = `{${JSON.stringify(text)}:${JSON.stringify(text)},"deep":`;

    assert.doesNotThrow(() => parseJsonBody(`${before}${nested(63)}}`));
    assert.throws(() => parseJsonBody(`${before}${nested(64)}}`), { name: "CfError" });
  }
});

test("every shallow object is read as it was written", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (body) => {
      const text = JSON.stringify(body);
      assert.equal(JSON.stringify(parseJsonBody(text)), JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("a string without an end is refused, not read past", () => {
  for (const body of ['{"a', '{"a\\"', '{"a":"\\', '"']) {
    assert.throws(() => parseJsonBody(body), { name: "CfError" });
  }
});
