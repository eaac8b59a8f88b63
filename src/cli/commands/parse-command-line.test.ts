import assert from "node:assert/strict";
import { test } from "node:test";
import { commandTable } from "./command-table.ts";
import type { Command } from "./command.ts";
import { didYouMean, editDistance } from "./did-you-mean.ts";
import { parseCommandLine } from "./parse-command-line.ts";
import type { ParsedInput } from "./parsed-input.ts";

const command: Command = {
  usage: "x",
  arguments: [{ name: "APP_NAME" }, { name: "OTHER", isOptional: true }],
  flags: [
    { long: "instances", short: "i", takes: "value", description: "" },
    { long: "buildpack", short: "b", takes: "values", description: "" },
    { long: "no-route", description: "" },
    { long: "manifest", takes: "value", description: "" },
    { long: "no-manifest", description: "" },
    { short: "f", description: "" },
    { short: "r", description: "" },
  ],
  seeAlso: [],
  run: async () => undefined,
};

function parse(...words: string[]): ParsedInput {
  const input = parseCommandLine("x", command, words);
  assert.ok(input !== undefined);
  return input;
}

test("a flag and its negation are told apart, and both are seen where both are given", () => {
  const positive = parse("app", "--manifest", "m.yml");
  const both = parse("app", "--no-manifest", "--manifest", "m.yml");

  assert.equal(positive.has("no-manifest"), false);
  assert.equal(positive.value("manifest"), "m.yml");
  assert.equal(parse("app").has("no-manifest"), false);
  assert.ok(both.has("no-manifest") && both.has("manifest"));
});

test("flags may stand anywhere and be written in every usual way", () => {
  for (const words of [
    ["app", "-i", "3", "-fr"],
    ["-i=3", "app", "-f", "-r"],
    ["--instances=3", "-r", "-f", "app"],
    ["-f", "-i3", "app", "-r"],
    ["-f", "-r", "--instances", "3", "--", "app"],
  ]) {
    const input = parse(...words);
    assert.equal(input.argument("APP_NAME"), "app", words.join(" "));
    assert.equal(input.value("instances"), "3", words.join(" "));
    assert.ok(input.has("f") && input.has("r"), words.join(" "));
  }
});

test("a flag that may be repeated collects its values, and a negative value is one", () => {
  const input = parse("app", "-b", "one", "-b=two", "--buildpack", "three", "-i=-1", "--no-route");

  assert.deepEqual(input.values("buildpack"), ["one", "two", "three"]);
  assert.equal(input.value("instances"), "-1");
  assert.ok(input.has("no-route"));
  assert.equal(parse("app").has("no-route"), false);
});

test("mistakes are named in the official client's words", () => {
  const cases: [string[], string][] = [
    [[], "Incorrect Usage: the required argument `APP_NAME` was not provided"],
    [["app", "--nope"], "Incorrect Usage: unknown flag `nope'"],
    [["app", "-x"], "Incorrect Usage: unknown flag `x'"],
    [["app", "-i"], "Incorrect Usage: expected argument for flag `-i, --instances'"],
    [["a", "b", "c", "d"], 'Incorrect Usage: unexpected argument "c d"'],
  ];
  for (const [words, message] of cases) assert.throws(() => parse(...words), { message });
});

test("-h asks for help", () => {
  assert.equal(parseCommandLine("x", command, ["app", "-h"]), undefined);
  assert.equal(parseCommandLine("x", command, ["--help"]), undefined);
});

test("a value that looks like a flag is one where the command says so", () => {
  const lenient = { ...command, takesUnknownFlags: true };

  const input = parseCommandLine("x", lenient, ["app", "-Xmx512m"]);

  assert.equal(input?.optionalArgument("OTHER"), "-Xmx512m");
});

test("every command loads, and no name or alias stands for two", async () => {
  const names = commandTable.flatMap(({ name, alias }) =>
    alias === undefined ? [name] : [name, alias],
  );
  assert.equal(new Set(names).size, names.length);
  assert.ok(commandTable.length > 30);
  for (const { name, load } of commandTable) {
    const loaded = await load();
    const withoutValues = loaded.arguments.map(({ name: argument }) => argument);
    assert.ok(parseCommandLine(name, loaded, withoutValues), name);
  }
});

test("a misspelt command is answered with those that are close", () => {
  assert.equal(didYouMean("psuh"), "\n\nDid you mean?\n    push");
  assert.equal(didYouMean("something-else"), "");
  assert.equal(didYouMean("pusx"), "\n\nDid you mean?\n    push");
  assert.equal(didYouMean("puxx"), "");
  assert.equal(editDistance("start", "stat"), 1);
  assert.equal(editDistance("start", "satrts"), 2);
});
