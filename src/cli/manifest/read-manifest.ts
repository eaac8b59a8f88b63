import { readFile } from "node:fs/promises";
import path from "node:path";
import { Failure, noSuchPath, UsageFailure } from "../failure.ts";
import { findManifest } from "./find-manifest.ts";
import { interpolate, type Variables } from "./interpolate.ts";
import { generatedManifest, parseManifest, parseYaml, type Manifest } from "./manifest.ts";

export interface ManifestSource {
  readonly workingFolder: string;
  /** `-f`. */
  readonly given: string | undefined;
  /** `--no-manifest`. */
  readonly ignored: boolean;
  readonly appName: string | undefined;
  /** `--vars-file`, in order. */
  readonly variableFiles: readonly string[];
  /** `--var`, each "name=value"; they win over files. */
  readonly variables: readonly string[];
}

export async function readManifest(source: ManifestSource): Promise<Manifest> {
  if (source.ignored) return generatedManifest(source.appName);
  const file = await findManifest(source.workingFolder, source.given);
  if (file === undefined) return generatedManifest(source.appName);
  const variables = await readVariables(source);
  const document = parse(
    await readFile(file, "utf8"),
    (reason) =>
      new Failure(`Unable to push app because manifest ${file} is not valid yaml. ${reason}`),
  );
  return parseManifest(file, interpolate(document, variables));
}

async function readVariables(source: ManifestSource): Promise<Variables> {
  const all: Record<string, unknown> = {};
  for (const file of source.variableFiles) {
    const invalid = (reason: string) =>
      new Failure(`The option --vars-file expects a valid YAML file. ${reason}`);
    const text = await readFile(path.resolve(source.workingFolder, file), "utf8").catch(() => {
      throw noSuchPath(file);
    });
    const document = parse(text, invalid) ?? {};
    if (typeof document !== "object" || Array.isArray(document)) {
      throw invalid("It must hold names and values.");
    }
    Object.assign(all, document);
  }
  for (const variable of source.variables) {
    const equals = variable.indexOf("=");
    if (equals < 1)
      throw new UsageFailure(`Expected var '${variable}' to be in format 'name=value'`);
    all[variable.slice(0, equals)] = parseValue(variable.slice(equals + 1));
  }
  return all;
}

/** A value on the command line is YAML, so that numbers and lists keep their type; what is none is text. */
function parseValue(text: string): unknown {
  try {
    return parseYaml(text) ?? text;
  } catch {
    return text;
  }
}

function parse(text: string, failure: (reason: string) => Failure): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw failure(error instanceof Error ? error.message : String(error));
  }
}
