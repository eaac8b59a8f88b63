import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProcfile } from "./procfile.ts";

const readable: readonly (readonly [source: string, commands: Readonly<Record<string, string>>])[] =
  [
    ["", {}],
    ["web: run", { web: "run" }],
    ["web: a\nworker: b\n", { web: "a", worker: "b" }],
    ["web: a\r\nworker: b\r\n", { web: "a", worker: "b" }],
    ["# comment\nweb: x # trailing\n", { web: "x" }],
    ['web: "quoted"', { web: "quoted" }],
    ["web: 8080\nb: true\nc: yes\nd: 1.50", { web: "8080", b: "true", c: "yes", d: "1.50" }],
    ["web:", { web: "" }],
    ["web: ~", { web: "" }],
    ["web: a\nweb: b", { web: "b" }],
    ["web: ${X} && {y}", { web: "${X} && {y}" }],
    ["web: |\n  one\n  two\n", { web: "one\ntwo\n" }],
    ["8080: x", { "8080": "x" }],
    ["---\nweb: x\n---\nweb: y\n", { web: "x" }],
  ];

for (const [source, commands] of readable) {
  test(`parseProcfile() reads ${JSON.stringify(source)}`, () => {
    const parsed = parseProcfile(source);
    assert.ok(parsed.kind === "processes", JSON.stringify(parsed));
    assert.deepEqual(Object.fromEntries(parsed.commands), commands);
  });
}

const unreadable = [
  'web: run --opt "a: b"',
  "web: foo: bar",
  "web: [a, b]",
  "web: {a: b}",
  "web: %x",
  "web: @x",
  "web: *x",
  "web: >2 echo",
  "\tweb: x",
  "just words",
  "- web: x",
];

for (const source of unreadable) {
  test(`parseProcfile() refuses ${JSON.stringify(source)}`, () => {
    assert.equal(parseProcfile(source).kind, "invalid");
  });
}

test("parseProcfile() says where the YAML is wrong", () => {
  const parsed = parseProcfile("web: fine\nworker: foo: bar\n");
  assert.ok(parsed.kind === "invalid");
  assert.match(parsed.problem, /^line 2, column \d+: \S/);
});

test("parseProcfile() names the first line that is no process type with a command", () => {
  assert.deepEqual(parseProcfile("# all\n\nweb node server.js\n"), {
    kind: "invalid",
    problem: "each line must be `process type: command`, which line 3 is not",
  });
  assert.deepEqual(parseProcfile("web: [a, b]"), {
    kind: "invalid",
    problem: "each line must be `process type: command`",
  });
});
