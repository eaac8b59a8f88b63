import { numberOf } from "../http/numeric.ts";
import { checkMessage, maximumInteger } from "../http/parse-message.ts";
import {
  maximumInstances,
  scaleProcessMessage,
  updateProcessMessage,
  type ProcessScale,
  type ProcessUpdate,
} from "../processes/messages.ts";
import { bytesPerSecond, megabytes, parseRate, parseSize } from "./byte-sizes.ts";
import { isMap, textOfValue, type YamlMap, type YamlValue } from "./parse-manifest.ts";

/** What a manifest says of one process type. */
export interface ProcessManifest {
  readonly type: string;
  readonly update: ProcessUpdate;
  readonly scale: ProcessScale;
}

/** The keys of a process, in one spelling. All but `user` may also stand at the app itself, where they mean `web`. */
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

/** Counts as "the detected command" and "detect the buildpacks". */
export function meansDefault(value: YamlValue | undefined): boolean {
  return value === null || value === "null" || value === "default";
}

/**
 * The processes of an application. What stands at the app itself is the web process's, unless `processes` has an entry
 * for `web`: then that alone counts.
 */
export function parseProcesses(app: YamlMap, errors: string[]): readonly ProcessManifest[] {
  errors.push(...sizeFaults("web", app));
  const entries = new Map<string, YamlMap>();
  const top = pickProcessKeys(app);
  delete top["user"];
  if (Object.keys(top).length > 0) entries.set("web", top);
  const { processes: list } = app;
  if (list !== undefined) {
    for (const [type, keys] of parseEntries(list, errors)) entries.set(type, keys);
  }
  const scaling = [...entries].flatMap(([type, keys]) => scaleFaults(type, keys));
  const updating = [...entries].flatMap(([type, keys]) => updateFaults(type, keys));
  errors.push(...scaling, ...updating);
  if (errors.length > 0) return [];
  return [...entries].flatMap(([type, keys]) => {
    const scale = checkMessage(scaleProcessMessage, scaleOf(keys));
    const update = checkMessage(updateProcessMessage, updateOf(keys));
    if (scale.ok && update.ok) return [{ type, scale: scale.message, update: update.message }];
    for (const checked of [scale, update]) {
      if (!checked.ok) errors.push(...checked.errors.map((fault) => about(type, fault)));
    }
    return [];
  });
}

function parseEntries(list: YamlValue, errors: string[]): ReadonlyMap<string, YamlMap> {
  const entries = new Map<string, YamlMap>();
  if (!Array.isArray(list)) {
    errors.push("Processes must be an array of process configurations");
    return entries;
  }
  const typed: readonly YamlMap[] = list.filter(hasType);
  if (typed.length < list.length) errors.push("All Processes must specify a type");
  for (const [type, same] of Map.groupBy(typed, (entry) => textOfValue(entry["type"]))) {
    if (same.length > 1) errors.push(`Process "${type}" may only be present once`);
  }
  for (const entry of typed) {
    const type = textOfValue(entry["type"]);
    errors.push(...sizeFaults(type, entry));
    entries.set(type, pickProcessKeys(entry));
  }
  return entries;
}

function hasType(entry: YamlValue): entry is YamlMap {
  if (!isMap(entry)) return false;
  const { type } = entry;
  return typeof type === "string" && type.length >= 1 && type.length <= 255;
}

function pickProcessKeys(map: YamlMap): Record<string, YamlValue> {
  const picked: Record<string, YamlValue> = Object.create(null);
  for (const key of processKeys) {
    const value = map[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

function sizeFaults(type: string, keys: YamlMap): string[] {
  const sizes = [
    ["Memory", parseSize(keys["memory"])],
    ["Disk quota", parseSize(keys["disk_quota"])],
    ["Log rate limit per second", parseRate(keys["log_rate_limit_per_second"])],
  ] as const;
  return sizes.flatMap(([label, size]) =>
    size === undefined || size.ok ? [] : [about(type, `${label} ${size.fault}`)],
  );
}

function scaleFaults(type: string, keys: YamlMap): string[] {
  const faults: string[] = [];
  const { instances } = keys;
  if (isGiven(instances)) {
    const fault = numberFault(instances, { minimum: 0, maximum: maximumInstances });
    if (fault !== undefined) faults.push(`Instances ${fault}`);
  }
  for (const [label, key] of [
    ["Memory", "memory"],
    ["Disk quota", "disk_quota"],
  ] as const) {
    const amount = megabytes(keys[key]) ?? 1;
    if (amount <= 0) faults.push(`${label} must be greater than 0MB`);
    if (amount > maximumInteger) {
      faults.push(`${label} must be less than or equal to ${maximumInteger}MB`);
    }
  }
  const rate = bytesPerSecond(keys["log_rate_limit_per_second"]) ?? 0;
  if (rate < -1 || !Number.isSafeInteger(rate)) {
    faults.push("Log rate limit must be an integer greater than or equal to -1");
  }
  return faults.map((fault) => about(type, fault));
}

function scaleOf(keys: YamlMap) {
  const instances = numberOf(keys["instances"]);
  return defined({
    instances: typeof instances === "number" ? instances : undefined,
    memory_in_mb: megabytes(keys["memory"]),
    disk_in_mb: megabytes(keys["disk_quota"]),
    log_rate_limit_in_bytes_per_second: bytesPerSecond(keys["log_rate_limit_per_second"]),
  });
}

const checkTypes = ["port", "process", "http"] as const;
const checks = [
  ["health_check", "Health check"],
  ["readiness_health_check", "Readiness health check"],
] as const;

function updateFaults(type: string, keys: YamlMap): string[] {
  const faults: string[] = [];
  for (const [prefix, label] of checks) {
    const checkType = convertedType(keys[`${prefix}_type`]);
    const endpoint = keys[`${prefix}_http_endpoint`];
    if (checkType !== undefined && endpoint !== undefined && checkType !== "http") {
      faults.push(`${label} type must be "http" to set a health check HTTP endpoint`);
    }
  }
  const { command, user } = keys;
  if (command !== undefined && command !== null) {
    faults.push(...textFaults("Command", command, 4096));
  }
  if (isGiven(user)) faults.push(...textFaults("User", user, 255));
  for (const [prefix, label] of checks) {
    const checkType = convertedType(keys[`${prefix}_type`]);
    if (checkType !== undefined && !checkTypes.some((known) => known === checkType)) {
      faults.push(`${label} type must be "port", "process", or "http"`);
    }
    const endpoint = keys[`${prefix}_http_endpoint`];
    if (isGiven(endpoint) && !isUriPath(endpoint)) {
      faults.push(`${label} http endpoint must be a valid URI path`);
    }
    for (const part of ["invocation_timeout", "interval"] as const) {
      faults.push(
        ...secondsFaults(`${label} ${part.replace("_", " ")}`, keys[`${prefix}_${part}`]),
      );
    }
  }
  faults.push(...secondsFaults("Timeout", keys["timeout"]));
  return faults.map((fault) => about(type, fault));
}

function updateOf(keys: YamlMap) {
  const { command, user } = keys;
  return defined({
    command:
      command === undefined ? undefined : meansDefault(command) ? null : textOfValue(command),
    user: user === undefined ? undefined : user === null ? null : textOfValue(user),
    health_check: checkOf(keys, "health_check"),
    readiness_health_check: checkOf(keys, "readiness_health_check"),
  });
}

function checkOf(keys: YamlMap, prefix: "health_check" | "readiness_health_check") {
  const type = checkTypes.find((known) => known === convertedType(keys[`${prefix}_type`]));
  const endpoint = keys[`${prefix}_http_endpoint`];
  const data = defined({
    endpoint: endpoint === undefined ? undefined : endpoint === null ? null : textOfValue(endpoint),
    invocation_timeout: secondsOf(keys[`${prefix}_invocation_timeout`]),
    interval: secondsOf(keys[`${prefix}_interval`]),
    ...(prefix === "health_check" ? { timeout: secondsOf(keys["timeout"]) } : {}),
  });
  if (type === undefined && Object.keys(data).length === 0) return undefined;
  return defined({ type, data });
}

/** `none` is V2's word for a check of the process alone. */
function convertedType(value: YamlValue | undefined): YamlValue | undefined {
  return value === "none" ? "process" : value;
}

function secondsOf(value: YamlValue | undefined): number | null | undefined {
  const seconds = numberOf(value);
  return typeof seconds === "number" || seconds === null ? seconds : undefined;
}

function secondsFaults(label: string, value: YamlValue | undefined): string[] {
  if (!isGiven(value)) return [];
  const fault = numberFault(value, { minimum: 1, maximum: maximumInteger });
  return fault === undefined ? [] : [`${label} ${fault}`];
}

function textFaults(label: string, value: YamlValue | undefined, maximum: number): string[] {
  if (typeof value !== "string") return [`${label} must be a string`];
  return value.length >= 1 && value.length <= maximum
    ? []
    : [`${label} must be between 1 and ${maximum} characters`];
}

function numberFault(
  given: YamlValue | undefined,
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
): string | undefined {
  const value = numberOf(given);
  if (typeof value !== "number" || !Number.isFinite(value)) return "is not a number";
  if (!Number.isInteger(value)) return "must be an integer";
  if (value < minimum) return `must be greater than or equal to ${minimum}`;
  return value > maximum ? `must be less than or equal to ${maximum}` : undefined;
}

function isUriPath(value: YamlValue | undefined): boolean {
  return typeof value === "string" && value.length <= 255 && /^\/(?:[^\s/]\S*)?$/.test(value);
}

function isGiven(value: YamlValue | undefined): boolean {
  return value !== undefined && value !== null;
}

function about(type: string, fault: string): string {
  return `Process "${type}": ${fault}`;
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
