import { normaliseKeys } from "./app-manifest.ts";
import { bytesPerSecond, formatRate, megabytes } from "./byte-sizes.ts";
import { isMap, type YamlMap, type YamlValue } from "./parse-manifest.ts";
import { meansDefault, processKeys } from "./process-manifest.ts";

/** One line of what applying a manifest would change; JSON patch with the old value. */
export interface ManifestChange {
  readonly op: "add" | "replace" | "remove";
  /** `/applications/0/processes/1/memory` */
  readonly path: string;
  readonly value?: YamlValue;
  readonly was?: YamlValue;
}

/** What the server compares; others, like `path`, only the client reads. */
const known = new Set<string>([
  ...processKeys,
  "name",
  "env",
  "lifecycle",
  "buildpack",
  "buildpacks",
  "stack",
  "features",
  "services",
  "routes",
  "metadata",
  "processes",
  "sidecars",
]);
/** They make routes for an app that has none: told for a new app, nothing that an app has. */
const directives = new Set(["no_route", "random_route", "default_route"]);
const listIdentity: Readonly<Record<string, string>> = {
  processes: "type",
  routes: "route",
  sidecars: "name",
};

/** Compares what a manifest mentions with what is; what it does not mention is not to change, so it is no difference. */
export function diffApp(
  wanted: YamlMap,
  current: YamlMap | undefined,
  index: number,
): ManifestChange[] {
  const base = `/applications/${index}`;
  const now = normaliseKeys(current ?? {});
  const given = normaliseKeys(wanted);
  const web = processOf(now, "web");
  return Object.entries(given).flatMap(([name, value]) => {
    const key = spellingIn(wanted, name);
    if (directives.has(name) && current === undefined) {
      return value === null ? [] : [{ op: "add", path: `${base}/${key}`, value }];
    }
    if (!known.has(name)) return [];
    const isProcessKey = processKeys.some((candidate) => candidate === name);
    const was =
      name === "buildpack" ? firstOf(now["buildpacks"]) : isProcessKey ? web?.[name] : now[name];
    if (meansDefault(value) && (name === "command" || name === "buildpack")) return [];
    return diffValue({ path: `${base}/${key}`, name, was, value });
  });
}

interface Comparison {
  readonly path: string;
  readonly name: string;
  readonly was: YamlValue | undefined;
  readonly value: YamlValue;
}

function diffValue({ path, name, was, value }: Comparison): ManifestChange[] {
  if (was === undefined || was === null) {
    return value === null ? [] : [{ op: "add", path, value: canonical(name, value) }];
  }
  if (value === null) return [];
  if (Array.isArray(value) && Array.isArray(was)) return diffList({ path, name, was, value });
  if (isMap(value) && isMap(was)) {
    return Object.entries(value).flatMap(([key, item]) =>
      diffValue({ path: `${path}/${key}`, name: key, was: was[key], value: item }),
    );
  }
  const next = canonical(name, value);
  const before = canonical(name, was);
  return isSame(next, before) ? [] : [{ op: "replace", path, was: before, value: next }];
}

function diffList({
  path,
  name,
  was,
  value,
}: {
  readonly path: string;
  readonly name: string;
  readonly was: readonly YamlValue[];
  readonly value: readonly YamlValue[];
}): ManifestChange[] {
  const identity = listIdentity[name];
  if (identity === undefined) {
    const removed = was.slice(value.length).map((item, offset): ManifestChange => ({
      op: "remove",
      path: `${path}/${value.length + offset}`,
      was: item,
    }));
    return [
      ...value.flatMap((item, index) =>
        diffValue({ path: `${path}/${index}`, name: "", was: was[index], value: item }),
      ),
      ...removed,
    ];
  }
  return value.flatMap((item, index) => {
    const same = was.find(
      (candidate) => isMap(candidate) && isMap(item) && candidate[identity] === item[identity],
    );
    return diffValue({ path: `${path}/${index}`, name: "", was: same, value: item });
  });
}

/** `"1"` in a manifest and 1 on the server are the same. */
function isSame(a: YamlValue, b: YamlValue): boolean {
  const isScalar = (value: YamlValue) => typeof value !== "object" || value === null;
  return isScalar(a) && isScalar(b) ? `${a}` === `${b}` : JSON.stringify(a) === JSON.stringify(b);
}

/** Sizes compare by amount, not by how they are written; all else as text. */
function canonical(name: string, value: YamlValue): YamlValue {
  if (name === "memory" || name === "disk_quota") {
    const amount = megabytes(value);
    return amount === undefined ? value : `${amount}M`;
  }
  if (name === "log_rate_limit_per_second") {
    const rate = bytesPerSecond(value);
    return rate === undefined ? value : formatRate(rate);
  }
  return value;
}

function processOf(app: YamlMap, type: string): YamlMap | undefined {
  const processes = app["processes"];
  if (!Array.isArray(processes)) return undefined;
  return processes
    .filter((item): item is YamlMap => isMap(item))
    .find((item) => item["type"] === type);
}

function firstOf(value: YamlValue | undefined): YamlValue | undefined {
  return Array.isArray(value) ? value[0] : undefined;
}

/** The client finds the lines to mark by the key as the user wrote it. */
function spellingIn(wanted: YamlMap, name: string): string {
  return Object.keys(wanted).find((key) => key.replaceAll("-", "_") === name) ?? name;
}
