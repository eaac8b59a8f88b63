import { isYamlMap, parseYamlText, textMap } from "./yaml-text.ts";

export type ParsedRelease =
  | { readonly kind: "processes"; readonly commands: ReadonlyMap<string, string> }
  | { readonly kind: "invalid"; readonly problem: string };

/** Reads what a buildpack's bin/release printed. Cloud Foundry takes `default_process_types` from it, nothing else. */
export function parseRelease(output: string): ParsedRelease {
  const yaml = parseYamlText(output);
  if (yaml.kind === "invalid") return yaml;
  if (yaml.value === null) return { kind: "processes", commands: new Map() };
  if (!isYamlMap(yaml.value)) return { kind: "invalid", problem: "it is not a map" };
  const commands = textMap(yaml.value["default_process_types"] ?? null);
  if (commands !== undefined) return { kind: "processes", commands };
  return { kind: "invalid", problem: "default_process_types must map process types to commands" };
}
