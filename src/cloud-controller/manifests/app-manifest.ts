import { z } from "zod";
import { environmentKeyFault } from "../apps/environment-variables.ts";
import { lifecycleMessage, type LifecycleMessage } from "../apps/messages.ts";
import { checkMessage } from "../http/parse-message.ts";
import { resourceName } from "../http/resource-name.ts";
import { metadataSchema, type MetadataPatch } from "../metadata/metadata.ts";
import { isMap, type YamlMap, type YamlValue } from "./parse-manifest.ts";
import {
  meansDefault,
  parseProcess,
  pickProcessKeys,
  type ProcessManifest,
} from "./process-manifest.ts";
import { parseRouting, type ManifestRouting } from "./routing-manifest.ts";

/** What a manifest asks for one app. What it does not mention stays as it is. */
export interface AppManifest {
  readonly name: string;
  readonly lifecycle: LifecycleMessage | undefined;
  readonly environment: Readonly<Record<string, string>> | undefined;
  readonly features: Readonly<Record<string, boolean>>;
  readonly processes: readonly ProcessManifest[];
  readonly routing: ManifestRouting;
  readonly services: readonly string[];
  readonly metadata: MetadataPatch | undefined;
}

export type ParsedApp =
  | { readonly ok: true; readonly app: AppManifest }
  | { readonly ok: false; readonly errors: readonly string[] };

const features = z.record(z.string(), z.boolean());
const serviceEntry = z.union([z.string(), z.object({ name: z.string() })]);

/** Keys whose values are names of the user's own, not keys of the manifest. */
const opaque = new Set(["env", "metadata", "features", "cnb_credentials"]);

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

/** Checks one application; every fault is given, each prefixed with the app it is in. */
export function parseApp(raw: YamlMap, index: number): ParsedApp {
  const map = normaliseKeys(raw);
  const name = checkMessage(resourceName, map["name"]);
  if (!name.ok) {
    return {
      ok: false,
      errors: name.errors.map((fault) => `For application at index ${index}: Name ${fault}`),
    };
  }
  const errors: string[] = [];
  const app: AppManifest = {
    name: name.message,
    lifecycle: parseLifecycle(map, errors),
    environment: parseEnvironment(map["env"], errors),
    features: parsePart(features, { map, key: "features" }, errors) ?? {},
    processes: parseProcesses(map, errors),
    routing: parseRouting(map, { hash: false }, errors),
    services: parseServices(map, errors),
    metadata: parsePart(metadataSchema, { map, key: "metadata" }, errors),
  };
  if (Array.isArray(map["sidecars"]) && map["sidecars"].length > 0) {
    errors.push("Sidecars are not supported by this platform");
  }
  if (errors.length === 0) return { ok: true, app };
  return {
    ok: false,
    errors: errors.map((fault) => `For application '${name.message}': ${fault}`),
  };
}

function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  { map, key }: { readonly map: YamlMap; readonly key: string },
  errors: string[],
): z.output<Schema> | undefined {
  const value = map[key];
  if (value === undefined || value === null) return undefined;
  const checked = checkMessage(z.object({ [key]: schema }), { [key]: value });
  if (!checked.ok) {
    errors.push(...checked.errors);
    return undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function parseLifecycle(map: YamlMap, errors: string[]): LifecycleMessage | undefined {
  const { buildpack, buildpacks, stack, docker, lifecycle } = map;
  if (docker !== undefined && docker !== null) {
    if (buildpack !== undefined || buildpacks !== undefined) {
      errors.push("Cannot specify both buildpack(s) and docker keys");
    }
    return { type: "docker", data: {} };
  }
  if (buildpack !== undefined && buildpacks !== undefined) {
    errors.push("Buildpack and Buildpacks fields cannot be used together.");
    return undefined;
  }
  const one = buildpack === undefined ? undefined : meansDefault(buildpack) ? [] : [buildpack];
  const many = meansDefault(buildpacks ?? undefined) ? [] : buildpacks;
  const wanted = one ?? many;
  if (wanted === undefined && stack === undefined && lifecycle === undefined) return undefined;
  const checked = checkMessage(z.object({ lifecycle: lifecycleMessage }), {
    lifecycle: {
      ...(lifecycle === undefined ? {} : { type: lifecycle }),
      data: {
        ...(wanted === undefined ? {} : { buildpacks: wanted }),
        ...(stack === undefined ? {} : { stack }),
      },
    },
  });
  if (checked.ok) return checked.message.lifecycle;
  errors.push(...checked.errors);
  return undefined;
}

/** Scalars become texts; anything else is no variable. */
function parseEnvironment(
  value: YamlValue | undefined,
  errors: string[],
): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isMap(value)) {
    errors.push("Env must be an object of keys and values");
    return undefined;
  }
  const variables: Record<string, string> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    const fault = environmentKeyFault(key);
    if (fault !== undefined) errors.push(`Env ${fault}`);
    if (item === null || typeof item === "object") {
      errors.push(
        `Non-string value in environment variable for key '${key}', value '${JSON.stringify(item)}'`,
      );
    } else {
      variables[key] = String(item);
    }
  }
  return variables;
}

/** The keys at the app itself are the web process's; an entry for `web` has the last word. */
function parseProcesses(map: YamlMap, errors: string[]): readonly ProcessManifest[] {
  const byType = new Map<string, YamlMap>();
  const top = pickProcessKeys(map);
  if (Object.keys(top).length > 0) byType.set("web", top);
  const list = map["processes"] ?? [];
  if (!Array.isArray(list)) {
    errors.push("Processes must be an array of process configurations");
    return [];
  }
  const seen = new Set<string>();
  for (const entry of list) {
    const type = isMap(entry) ? entry["type"] : undefined;
    if (!isMap(entry) || typeof type !== "string" || type === "" || type.length > 255) {
      errors.push("All Processes must specify a type");
      continue;
    }
    if (seen.has(type)) errors.push(`Process "${type}" may only be present once`);
    seen.add(type);
    byType.set(type, { ...byType.get(type), ...pickProcessKeys(entry) });
  }
  return [...byType].flatMap(([type, keys]) => {
    const parsed = parseProcess(type, keys);
    if (parsed.ok) return [parsed.process];
    errors.push(
      ...parsed.errors.map((fault) => (seen.has(type) ? `Process "${type}": ${fault}` : fault)),
    );
    return [];
  });
}

function parseServices(map: YamlMap, errors: string[]): readonly string[] {
  const value = map["services"];
  if (value === undefined || value === null) return [];
  const parsed = z.array(serviceEntry).safeParse(value);
  if (!parsed.success) {
    errors.push("Services must be a list of service instances");
    return [];
  }
  return parsed.data.map((entry) => (typeof entry === "string" ? entry : entry.name));
}
