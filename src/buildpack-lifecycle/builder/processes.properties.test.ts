import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mergeProcesses, parseLaunchYaml, type LaunchProcess } from "./processes.ts";
import { parseProcfile } from "./procfile.ts";
import { resultJson, stagingInfo, webCommand } from "./result.ts";
import { parseYamlText } from "./yaml-text.ts";

// Few types, so that they collide.
const type = fc.constantFrom("web", "worker", "clock", "release", "8080", "yes", "__proto__");
const command = fc.oneof(
  fc
    .string({ unit: "grapheme", maxLength: 30 })
    .filter((text) => !/[\u007f-\u009f\ufeff]/.test(text)),
  fc.constantFrom(
    "run # all",
    "a: b",
    "- x",
    "*x",
    "1.50",
    "null",
    "~",
    " padded ",
    "'",
    '"',
    "\\",
  ),
);
const launchProcess: fc.Arbitrary<LaunchProcess> = fc.record(
  {
    type,
    command,
    sidecarFor: fc.array(type, { maxLength: 2 }),
    memoryMb: fc.nat(4096),
  },
  { noNullPrototype: true },
);
const processes = fc.array(launchProcess, { maxLength: 6 });

const doubleQuoted = (text: string): string => JSON.stringify(text);
const singleQuoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

test("a Procfile gives each type the command that stands last, whatever the quotes", () => {
  const lines = fc.array(fc.tuple(type, command, fc.constantFrom(doubleQuoted, singleQuoted)), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(lines, (entries) => {
      const source = entries.map(([name, text, quoted]) => `${name}: ${quoted(text)}\n`).join("");

      const parsed = parseProcfile(source);

      assert.ok(parsed.kind === "processes", JSON.stringify(parsed));
      assert.deepEqual(parsed.commands, new Map(entries.map(([name, text]) => [name, text])));
    }),
  );
});

test("a plain scalar of a Procfile stays its own text", () => {
  const word = fc.stringMatching(/^[A-Za-z0-9./$][A-Za-z0-9 ./$&()=_-]{0,20}[A-Za-z0-9)]$/);
  fc.assert(
    fc.property(type, word, (name, text) => {
      fc.pre(!/^(null|Null|NULL)$/.test(text));
      const parsed = parseProcfile(`${name}: ${text}\n`);

      assert.ok(parsed.kind === "processes");
      assert.equal(parsed.commands.get(name), text);
    }),
  );
});

const bytes = fc.uint8Array().map((list) => Buffer.from(list).toString("latin1"));

test("no text whatever makes the parsers throw", () => {
  const text = fc.oneof(bytes, yamlLike());
  fc.assert(
    fc.property(text, (source) => {
      for (const parsed of [
        parseProcfile(source),
        parseLaunchYaml(source),
        parseYamlText(source),
      ]) {
        assert.ok(typeof parsed.kind === "string");
      }
    }),
    { numRuns: 100 },
  );
});

test("launch.yml reads back what was written, sidecars and memory included", () => {
  fc.assert(
    fc.property(processes, (list) => {
      const document = {
        processes: list.map((each) => ({
          type: each.type,
          command: each.command,
          platforms: { cloudfoundry: { sidecar_for: each.sidecarFor } },
          limits: { memory: each.memoryMb },
        })),
      };

      // JSON is YAML.
      assert.deepEqual(parseLaunchYaml(JSON.stringify(document)), {
        kind: "processes",
        processes: list,
      });
    }),
  );
});

test("merging keeps each type once, at its first place, in its last form, however the merges are grouped", () => {
  fc.assert(
    fc.property(processes, processes, processes, (a, b, c) => {
      const merged = mergeProcesses(mergeProcesses(a, b), c);

      assert.deepEqual(mergeProcesses(a, mergeProcesses(b, c)), merged);
      assert.deepEqual(mergeProcesses(merged, merged), merged);
      const all = [...a, ...b, ...c];
      assert.deepEqual(
        merged.map((each) => each.type),
        [...new Set(all.map((each) => each.type))],
      );
      for (const each of merged) {
        assert.deepEqual(
          each,
          all.findLast((other) => other.type === each.type),
        );
      }
    }),
  );
});

test("result.json has each process either as a type or as a sidecar; staging_info.yml is one line that starts web", () => {
  fc.assert(
    fc.property(processes, (list) => {
      const merged = mergeProcesses([], list);
      const buildpack = { key: "k", name: "n" };

      const result = JSON.parse(resultJson([buildpack], merged));
      const names = [
        ...Object.keys(result.process_types),
        ...(result.sidecars ?? []).map((each: { name: string }) => each.name),
      ];
      assert.deepEqual(
        names.toSorted((x, y) => (x < y ? -1 : 1)),
        merged.map((each) => each.type).toSorted((x, y) => (x < y ? -1 : 1)),
      );
      const info = stagingInfo(buildpack, merged);
      assert.equal(info.indexOf("\n"), info.length - 1);
      assert.equal(JSON.parse(info).start_command, webCommand(merged));
      assert.equal(result.process_types.web ?? "", webCommand(merged));
    }),
  );
});

/** Texts out of what YAML gives a meaning to. */
function yamlLike(): fc.Arbitrary<string> {
  const pieces = [
    "a",
    ": ",
    "- ",
    "\n",
    "  ",
    "{",
    "}",
    "[",
    "]",
    "&x ",
    "*x",
    "!",
    "|",
    ">",
    "#",
    "'",
    '"',
    "---",
    "?",
    "<<",
  ];
  return fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((list) => list.join(""));
}
