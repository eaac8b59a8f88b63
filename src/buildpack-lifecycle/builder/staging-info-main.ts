// A program beside the launcher: prints the start command and the entrypoint prefix of a staging_info.yml, each ended by
// a NUL byte. The file is JSON when a builder made it, and may be any YAML when a person did.
import { readFileSync } from "node:fs";
import { printError, writeAll } from "./output.ts";
import { isYamlMap, parseYamlText, type YamlText } from "./yaml-text.ts";

const file = process.argv[2] ?? "staging_info.yml";
const yaml = parseYamlText(readFileSync(file, "utf8"));
if (yaml.kind === "invalid") {
  printError(`Invalid staging info - failed to unmarshal ${file}: ${yaml.problem}`);
  process.exitCode = 1;
} else {
  const command = text(member(yaml.value, "start_command"));
  const prefix = text(member(member(yaml.value, "config"), "entrypoint_prefix"));
  writeAll(1, `${command}\0${prefix}\0`);
}

function member(value: YamlText, key: string): YamlText {
  return isYamlMap(value) ? (value[key] ?? null) : null;
}

function text(value: YamlText): string {
  return typeof value === "string" ? value : "";
}
