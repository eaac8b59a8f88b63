import { statSync } from "node:fs";
import path from "node:path";
import { parseMegabytes } from "#cli/commands/flag-values.ts";
import type { ParsedInput } from "#cli/commands/parsed-input.ts";
import { Failure, InvalidCommandLine } from "#cli/failure.ts";

/** `-e NAME=VALUE`, several times. */
export function parseVariables(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^([^=\0]+)=([^\0]*)$/s.exec(pair) ?? [];
      if (name === undefined || value === undefined) {
        throw new InvalidCommandLine(`'${pair}' is no environment variable: write NAME=VALUE`);
      }
      return [name, value];
    }),
  );
}

/** Sizes that the flags give, else those given. */
export function parseLimits(
  input: ParsedInput,
  defaults: { readonly memoryInMb: number; readonly diskInMb: number },
): { readonly memoryInMb: number; readonly diskInMb: number } {
  return {
    memoryInMb: parseMegabytes(input.value("memory")) ?? defaults.memoryInMb,
    diskInMb: parseMegabytes(input.value("disk")) ?? defaults.diskInMb,
  };
}

/** The absolute path of what a command line names; it must be there. */
export function existingPath(workingFolder: string, given: string): string {
  const file = path.resolve(workingFolder, given);
  if (statSync(file, { throwIfNoEntry: false }) === undefined) {
    throw new Failure(`There is no '${given}': '${file}' does not exist`);
  }
  return file;
}
