import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRelease } from "./release.ts";

for (const [output, commands] of [
  ["", {}],
  ["--- {}\n", {}],
  ["---\ndefault_process_types:\n  web: npm start\n", { web: "npm start" }],
  ["config_vars: {A: b}\naddons: []\ndefault_process_types:\n  web:\n", { web: "" }],
] as const) {
  test(`parseRelease() reads ${JSON.stringify(output)}`, () => {
    const parsed = parseRelease(output);
    assert.ok(parsed.kind === "processes");
    assert.deepEqual(Object.fromEntries(parsed.commands), commands);
  });
}

for (const output of [
  "web: a: b",
  "default_process_types: [a]",
  "default_process_types: {web: [a]}",
  "words",
]) {
  test(`parseRelease() refuses ${JSON.stringify(output)}`, () => {
    assert.equal(parseRelease(output).kind, "invalid");
  });
}
