import { Command as Parser, CommanderError, Option } from "commander";
import type { Command } from "./command.ts";
import { InvalidCommandLine, UsageFailure } from "../failure.ts";
import { flagKey, type Argument, type Flag } from "./flag.ts";
import { ParsedInput } from "./parsed-input.ts";

/** Reads what follows the command's name. Undefined stands for `--help`. */
export function parseCommandLine(
  name: string,
  command: Command,
  words: readonly string[],
): ParsedInput | undefined {
  const options = new Map(command.flags.map((flag) => [flag, toOption(flag)]));
  const parser = new Parser(name)
    .argument("[words...]")
    .allowUnknownOption(command.takesUnknownFlags === true)
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .exitOverride();
  // "--manifest FILE" and "--no-manifest" share one value in commander, but both may have been given.
  const negated = new Set<Option>();
  for (const option of options.values()) {
    parser.addOption(option);
    if (option.negate) parser.on(`option:${option.name()}`, () => negated.add(option));
  }
  try {
    parser.parse(withoutEquals(command, words), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return undefined;
    throw new InvalidCommandLine(wording(error, command));
  }
  const flags = new Map<string, true | string | readonly string[]>();
  for (const [flag, option] of options) {
    const value: unknown = parser.getOptionValue(option.attributeName());
    if (option.negate) {
      if (negated.has(option)) flags.set(flagKey(flag), true);
    } else if (value === true) flags.set(flagKey(flag), true);
    else if (typeof value === "string") flags.set(flagKey(flag), value);
    else if (Array.isArray(value)) flags.set(flagKey(flag), value.map(String));
  }
  return new ParsedInput(nameArguments(command.arguments, parser.args), flags);
}

function nameArguments(
  expected: readonly Argument[],
  words: readonly string[],
): Map<string, string> {
  const missing = expected.slice(words.length).filter(({ isOptional }) => isOptional !== true);
  if (missing.length > 0) {
    const names = missing.map(({ name }) => `\`${name}\``);
    const last = names.at(-1) ?? "";
    throw new InvalidCommandLine(
      missing.length === 1
        ? `the required argument ${last} was not provided`
        : `the required arguments ${names.slice(0, -1).join(", ")} and ${last} were not provided`,
    );
  }
  const extra = words.slice(expected.length);
  if (extra.length > 0) throw new UsageFailure(`unexpected argument "${extra.join(" ")}"`);
  return new Map(words.map((word, index): [string, string] => [expected[index]?.name ?? "", word]));
}

function toOption(flag: Flag): Option {
  const names = [
    ...(flag.short === undefined ? [] : [`-${flag.short}`]),
    ...(flag.long === undefined ? [] : [`--${flag.long}`]),
  ].join(", ");
  const option = new Option(
    flag.takes === undefined ? names : `${names} <value>`,
    flag.description,
  );
  if (flag.takes === "values") {
    option.argParser((value, earlier: unknown) => [
      ...(Array.isArray(earlier) ? earlier.map(String) : []),
      value,
    ]);
  }
  return option;
}

/** The official client also reads `-i=3`, which commander would take for the value "=3". */
function withoutEquals(command: Command, words: readonly string[]): string[] {
  const withValue = new Set(
    command.flags.flatMap(({ short, takes }) => (short && takes !== undefined ? [short] : [])),
  );
  const end = words.indexOf("--");
  return words.flatMap((word, index) => {
    const match = /^-([A-Za-z])=([^]*)$/.exec(word);
    if (match === null || (end !== -1 && index > end)) return [word];
    const [, short = "", value = ""] = match;
    return withValue.has(short) ? [`-${short}`, value] : [word];
  });
}

function wording(error: CommanderError, command: Command): string {
  const named = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  if (error.code === "commander.unknownOption") {
    return `unknown flag \`${named.replace(/^-+/, "").replace(/=.*$/, "")}'`;
  }
  if (error.code === "commander.optionMissingArgument") {
    const flag = command.flags.find(
      ({ short, long }) => named.includes(`--${long} `) || named.startsWith(`-${short} `),
    );
    const names = [flag?.short && `-${flag.short}`, flag?.long && `--${flag.long}`].filter(Boolean);
    return `expected argument for flag \`${names.join(", ")}'`;
  }
  return error.message.replace(/^error: /, "");
}
