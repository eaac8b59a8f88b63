import { z } from "zod";
import { appName, appNameFaults } from "../apps/app-name.ts";
import { environmentKeyFault } from "../apps/environment-variables.ts";
import { lifecycleMessage, type LifecycleMessage } from "../apps/messages.ts";
import { isFeature } from "../apps/set-features.ts";
import { checkMessage } from "../http/parse-message.ts";
import { metadataSchema, type MetadataPatch } from "../metadata/metadata.ts";
import { createSidecarMessage, type CreateSidecar } from "../sidecars/messages.ts";
import { megabytes } from "./byte-sizes.ts";
import type { ManifestRules } from "./manifest-rules.ts";
import { isMap, textOfValue, type YamlMap, type YamlValue } from "./parse-manifest.ts";
import { meansDefault, parseProcesses, type ProcessManifest } from "./process-manifest.ts";
import { parseRouting, type ManifestRouting } from "./routing-manifest.ts";

/** What a manifest asks for one app. What it does not mention stays as it is. */
export interface AppManifest {
  readonly name: string;
  readonly lifecycle: LifecycleMessage | undefined;
  readonly environment: Readonly<Record<string, string>> | undefined;
  readonly features: Readonly<Record<string, boolean>>;
  readonly processes: readonly ProcessManifest[];
  readonly sidecars: readonly CreateSidecar[];
  readonly routing: ManifestRouting;
  readonly services: readonly string[];
  readonly metadata: MetadataPatch | undefined;
}

export type ParsedApp =
  | { readonly ok: true; readonly app: AppManifest }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Keys whose values have names of the user's own in them, not keys of the manifest. */
const opaque = new Set(["env", "metadata", "features", "cnb_credentials", "services", "docker"]);

/** Both spellings of a key, `disk-quota` and `disk_quota`, are the same key. */
export function normaliseKeys(map: YamlMap): YamlMap {
  const normalised: Record<string, YamlValue> = Object.create(null);
  for (const [key, value] of Object.entries(map)) {
    const name = key.replaceAll("-", "_");
    normalised[name] = opaque.has(name) ? value : normaliseNested(value);
  }
  return normalised;
}

function normaliseNested(value: YamlValue): YamlValue {
  if (Array.isArray(value)) return value.map(normaliseNested);
  return isMap(value) ? normaliseKeys(value) : value;
}

/** Checks one application; every fault is given, each prefixed with the app it is in. Keys that are unknown are let be. */
export function parseApp(raw: YamlMap, index: number, rules: ManifestRules): ParsedApp {
  const map = normaliseKeys(raw);
  const { name } = map;
  const errors: string[] = nameFaults(name);
  const app: AppManifest = {
    name: textOfValue(name).trim(),
    processes: parseProcesses(map, errors),
    sidecars: parseSidecars(map["sidecars"], errors),
    lifecycle: parseLifecycle(map, rules, errors),
    metadata: parseMetadata(map["metadata"], errors),
    services: parseServices(map["services"], errors),
    environment: parseEnvironment(map["env"], errors),
    routing: parseRouting(map, rules.options, errors),
    features: parseFeatures(map["features"], errors),
  };
  if (errors.length === 0) return { ok: true, app };
  const where = isBlank(name)
    ? `For application at index ${index}`
    : `For application '${app.name}'`;
  return { ok: false, errors: errors.map((fault) => `${where}: ${fault}`) };
}

function nameFaults(name: YamlValue | undefined): string[] {
  const faults: string[] = isBlank(name) ? ["Name must not be empty"] : [];
  if (typeof name !== "string") return [...faults, "Name must be a string"];
  if (faults.length > 0) return faults;
  const checked = checkMessage(z.object({ name: appName }), { name });
  return checked.ok ? appNameFaults(checked.message.name) : [...checked.errors];
}

function isBlank(value: YamlValue | undefined): boolean {
  return value === undefined || value === null || (typeof value === "string" && !value.trim());
}

function parseSidecars(value: YamlValue | undefined, errors: string[]): readonly CreateSidecar[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    errors.push("Sidecars must be an array of sidecar configurations");
    return [];
  }
  return value.flatMap((entry: YamlValue) => {
    const { name, command, memory, process_types } = isMap(entry) ? entry : {};
    const given = { name, command, process_types, memory_in_mb: megabytes(memory) ?? memory };
    const checked = checkMessage(
      createSidecarMessage,
      Object.fromEntries(Object.entries(given).filter(([, item]) => item !== undefined)),
    );
    if (checked.ok) return [checked.message];
    errors.push(
      ...checked.errors.map((fault) =>
        isBlank(name)
          ? `Sidecar ${fault.toLowerCase()}`
          : `Sidecar "${textOfValue(name)}": ${fault}`,
      ),
    );
    return [];
  });
}

function parseLifecycle(
  map: YamlMap,
  rules: ManifestRules,
  errors: string[],
): LifecycleMessage | undefined {
  const { buildpack, buildpacks, stack, docker, lifecycle, cnb_credentials: credentials } = map;
  const type =
    lifecycle === "cnb" || lifecycle === "buildpack"
      ? lifecycle
      : docker === undefined
        ? undefined
        : "docker";
  const wanted =
    buildpacks === undefined && buildpack !== undefined
      ? meansDefault(buildpack)
        ? []
        : [buildpack]
      : buildpacks;
  const data = type === "docker" ? {} : given({ buildpacks: wanted, stack, credentials });
  const message = { ...(type === undefined ? {} : { type }), data };
  const checked = checkMessage(lifecycleMessage, message);
  if (!checked.ok) errors.push(...checked.errors.flatMap((fault) => lifecycleFault(fault, map)));
  if (buildpack !== undefined && buildpacks !== undefined) {
    errors.push("Buildpack and Buildpacks fields cannot be used together.");
  }
  if (docker !== undefined && rules.dockerFault !== undefined) errors.push(rules.dockerFault);
  if (lifecycle === "cnb" && rules.cnbFault !== undefined) errors.push(rules.cnbFault);
  if (docker !== undefined && (buildpack !== undefined || buildpacks !== undefined)) {
    errors.push("Cannot specify both buildpack(s) and docker keys");
  }
  if (buildpack !== undefined && buildpack !== null) errors.push(...buildpackFaults(buildpack));
  const isMentioned = type !== undefined || Object.keys(data).length > 0;
  return checked.ok && isMentioned ? checked.message : undefined;
}

/** Faults of `buildpacks` are told only where that key is there; `buildpack` has words of its own. */
function lifecycleFault(fault: string, map: YamlMap): string[] {
  const text = fault.replace(/^Lifecycle /, "");
  return text.startsWith("Buildpacks") && map["buildpacks"] === undefined ? [] : [text];
}

function buildpackFaults(buildpack: YamlValue): string[] {
  if (typeof buildpack !== "string") return ["Buildpack must be a string"];
  return buildpack.length >= 1 && buildpack.length <= 4096
    ? []
    : ["Buildpack must be between 1 and 4096 characters"];
}

/** Null says nothing. */
function given(values: Readonly<Record<string, YamlValue | undefined>>) {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== null),
  );
}

function parseMetadata(value: YamlValue | undefined, errors: string[]): MetadataPatch | undefined {
  if (value === undefined || value === null) return undefined;
  const checked = checkMessage(z.object({ metadata: metadataSchema }), { metadata: value });
  if (checked.ok) return checked.message.metadata;
  errors.push(...checked.errors);
  return undefined;
}

/** Scalars become texts, nothing the empty one; a list or map is no value of a variable. */
function parseEnvironment(
  value: YamlValue | undefined,
  errors: string[],
): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  if (!isMap(value)) {
    errors.push("Env must be an object of keys and values");
    return undefined;
  }
  const variables: Record<string, string> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    const fault = environmentKeyFault(key);
    if (fault !== undefined) errors.push(`Env ${fault}`);
    if (typeof item === "object" && item !== null) {
      errors.push(
        `Non-string value in environment variable for key '${key}', value '${JSON.stringify(item)}'`,
      );
    } else {
      variables[key] = item === null ? "" : String(item);
    }
  }
  return variables;
}

const serviceEntry = z.union([
  z.string(),
  z.strictObject({
    name: z.string(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    binding_name: z.string().optional(),
  }),
]);

function parseServices(value: YamlValue | undefined, errors: string[]): readonly string[] {
  if (value === undefined) return [];
  const parsed = z.array(serviceEntry).safeParse(value);
  if (!parsed.success) {
    errors.push("Services must be a list of service instances");
    return [];
  }
  return parsed.data.map((entry) => (typeof entry === "string" ? entry : entry.name));
}

function parseFeatures(
  value: YamlValue | undefined,
  errors: string[],
): Readonly<Record<string, boolean>> {
  if (value === undefined) return {};
  const parsed = z.record(z.string().refine(isFeature), z.boolean()).safeParse(value);
  if (parsed.success && Object.keys(parsed.data).length > 0) return parsed.data;
  errors.push(
    "Features must be a map of valid feature names to booleans (true = enabled, false = disabled)",
  );
  return {};
}
