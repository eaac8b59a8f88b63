import { checkMessage } from "../http/parse-message.ts";
import {
  scaleProcessMessage,
  updateProcessMessage,
  type ProcessScale,
  type ProcessUpdate,
} from "../processes/messages.ts";
import { bytesPerSecond, megabytes, sizeFault } from "./byte-sizes.ts";
import type { YamlMap, YamlValue } from "./parse-manifest.ts";

/** What a manifest says of one process type. */
export interface ProcessManifest {
  readonly type: string;
  readonly update: ProcessUpdate;
  readonly scale: ProcessScale;
}

/** The keys of a process, in either spelling; they may also stand at the app itself, where they mean `web`. */
export const processKeys = [
  "command",
  "user",
  "instances",
  "memory",
  "disk_quota",
  "log_rate_limit_per_second",
  "timeout",
  "health_check_type",
  "health_check_http_endpoint",
  "health_check_invocation_timeout",
  "health_check_interval",
  "readiness_health_check_type",
  "readiness_health_check_http_endpoint",
  "readiness_health_check_invocation_timeout",
  "readiness_health_check_interval",
] as const;

type ProcessKey = (typeof processKeys)[number];

/** Counts as "the detected command" and "detect the buildpacks". */
export function meansDefault(value: YamlValue | undefined): boolean {
  return value === null || value === "null" || value === "default";
}

/** The process keys of a map whose keys have been brought to one spelling. */
export function pickProcessKeys(map: YamlMap): YamlMap {
  const picked: Record<string, YamlValue> = Object.create(null);
  for (const key of processKeys) {
    const value = map[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

/** Gives the faults in Cloud Controller's words, or the two messages that the API itself would take. */
export function parseProcess(
  type: string,
  map: YamlMap,
):
  | { readonly ok: true; readonly process: ProcessManifest }
  | { readonly ok: false; readonly errors: readonly string[] } {
  const get = (key: ProcessKey) => map[key];
  const errors: string[] = [];
  const size = (key: "memory" | "disk_quota", label: string) => {
    const value = get(key);
    if (value === undefined) return undefined;
    const parsed = megabytes(value);
    if (parsed === undefined) errors.push(`${label} ${sizeFault}`);
    return parsed;
  };
  const rateValue = get("log_rate_limit_per_second");
  const rate = rateValue === undefined ? undefined : bytesPerSecond(rateValue);
  if (rateValue !== undefined && rate === undefined) {
    errors.push(`Log rate limit per second ${sizeFault}`);
  }
  const scale = checkMessage(
    scaleProcessMessage,
    defined({
      instances: get("instances"),
      memory_in_mb: size("memory", "Memory"),
      disk_in_mb: size("disk_quota", "Disk quota"),
      log_rate_limit_in_bytes_per_second: rate,
    }),
  );
  const command = get("command");
  const update = checkMessage(
    updateProcessMessage,
    defined({
      command: meansDefault(command) ? null : scalarText(command),
      user: get("user"),
      health_check: checkOf(map, "health_check"),
      readiness_health_check: checkOf(map, "readiness_health_check"),
    }),
  );
  if (!scale.ok) errors.push(...scale.errors);
  if (!update.ok) errors.push(...update.errors);
  if (!scale.ok || !update.ok || errors.length > 0) return { ok: false, errors };
  return { ok: true, process: { type, update: update.message, scale: scale.message } };
}

function checkOf(map: YamlMap, prefix: "health_check" | "readiness_health_check") {
  const type = map[`${prefix}_type`];
  const data = defined({
    endpoint: map[`${prefix}_http_endpoint`],
    invocation_timeout: map[`${prefix}_invocation_timeout`],
    interval: map[`${prefix}_interval`],
    ...(prefix === "health_check" ? { timeout: map["timeout"] } : {}),
  });
  if (type === undefined && Object.keys(data).length === 0) return undefined;
  // `none` is V2's word for a check of the process alone.
  return defined({ type: type === "none" ? "process" : type, data });
}

/** Commands like `true` or `3000` are YAML booleans and numbers, but texts here. */
function scalarText(value: YamlValue | undefined): YamlValue | undefined {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
