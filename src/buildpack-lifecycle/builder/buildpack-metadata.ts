import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { isYamlMap, parseYamlText, type YamlText } from "./yaml-text.ts";

/** What a buildpack says of itself in deps/<index>/config.yml. */
export interface BuildpackMetadata {
  readonly key: string;
  readonly name: string;
  readonly version?: string;
  readonly config?: BuildpackConfig;
  readonly outputMetadata?: Readonly<Record<string, unknown>>;
}

interface BuildpackConfig {
  /** What the launcher puts before the start command, in place of `bash -c`. */
  readonly entrypointPrefix?: string;
}

/** A missing or unreadable config.yml leaves the name empty: it never fails a staging. */
export function readBuildpackMetadata(key: string, depsIndexDir: string): BuildpackMetadata {
  const source = readIfPresent(path.join(depsIndexDir, "config.yml"));
  const yaml = parseYamlText(source);
  if (yaml.kind === "invalid" || !isYamlMap(yaml.value)) return { key, name: "" };
  const name = yaml.value["name"] ?? null;
  const version = yaml.value["version"] ?? null;
  const config = configOf(yaml.value["config"] ?? null);
  const outputMetadata = outputMetadataOf(source);
  return {
    key,
    name: typeof name === "string" ? name : "",
    ...(typeof version === "string" && version !== "" ? { version } : {}),
    ...(config === undefined ? {} : { config }),
    ...(outputMetadata === undefined ? {} : { outputMetadata }),
  };
}

function configOf(config: YamlText): BuildpackConfig | undefined {
  if (!isYamlMap(config)) return undefined;
  const prefix = config["entrypoint_prefix"];
  return typeof prefix === "string" && prefix !== "" ? { entrypointPrefix: prefix } : {};
}

// Unlike the rest of the file this keeps YAML's own types: it is handed on as JSON.
function outputMetadataOf(source: string): Readonly<Record<string, unknown>> | undefined {
  const document: unknown = parse(source, { uniqueKeys: false });
  if (typeof document !== "object" || document === null) return undefined;
  if (!("output_metadata" in document)) return undefined;
  const metadata = document.output_metadata;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
    return undefined;
  const entries: [string, unknown][] = Object.entries(metadata);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function readIfPresent(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // Old buildpacks write none.
  }
}
