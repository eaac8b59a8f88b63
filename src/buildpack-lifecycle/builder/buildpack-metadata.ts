import path from "node:path";
import { parseAllDocuments } from "yaml";
import { readFileIfPresent } from "./read-file.ts";
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
  const source = configSource(path.join(depsIndexDir, "config.yml"));
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

// Unlike the rest of the file this keeps YAML's own types, those of version 1.1 as in Go: it is handed on as JSON.
function outputMetadataOf(source: string): Readonly<Record<string, unknown>> | undefined {
  const documents = parseAllDocuments(source, { uniqueKeys: false, version: "1.1" });
  const document: unknown = Array.isArray(documents) ? documents[0]?.toJS() : undefined;
  if (typeof document !== "object" || document === null) return undefined;
  if (!("output_metadata" in document)) return undefined;
  const metadata = document.output_metadata;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
    return undefined;
  const entries: [string, unknown][] = Object.entries(metadata);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function configSource(file: string): string {
  try {
    return readFileIfPresent(file) ?? "";
  } catch {
    return ""; // A folder or a pipe in its place says as little as none.
  }
}
