import { parseYamlText, textMap } from "./yaml-text.ts";

export type ParsedProcfile =
  | { readonly kind: "processes"; readonly commands: ReadonlyMap<string, string> }
  | { readonly kind: "invalid"; readonly problem: string };

/** A Procfile is YAML on Cloud Foundry, a map of process type to command, unlike Heroku's lines. */
export function parseProcfile(source: string): ParsedProcfile {
  const yaml = parseYamlText(source);
  if (yaml.kind === "invalid") return yaml;
  const commands = textMap(yaml.value);
  if (commands !== undefined) return { kind: "processes", commands };
  // Its number and not its text: a link may make any file of the container the app's Procfile.
  const other = source
    .split(/\r?\n/)
    .findIndex((line) => !/^\s*(?:#|$|---|[^\s:]+:(?:\s|$))/.test(line));
  const which = other < 0 ? "" : `, which line ${other + 1} is not`;
  return { kind: "invalid", problem: `each line must be \`process type: command\`${which}` };
}
