import { isYamlMap, parseYamlText, type YamlText } from "./yaml-text.ts";

/** A command of the droplet: a process type, or a sidecar of the process types in `sidecarFor`. */
export interface LaunchProcess {
  readonly type: string;
  readonly command: string;
  readonly sidecarFor: readonly string[];
  /** Megabytes; 0 is no limit of its own. Meant for sidecars. */
  readonly memoryMb: number;
}

export type ParsedLaunch =
  | { readonly kind: "processes"; readonly processes: readonly LaunchProcess[] }
  | { readonly kind: "invalid"; readonly problem: string };

export function processTypes(commands: ReadonlyMap<string, string>): LaunchProcess[] {
  return [...commands].map(([type, command]) => ({ type, command, sidecarFor: [], memoryMb: 0 }));
}

/** Later ones replace earlier ones of the same type, in their place; a sidecar's name is its type. */
export function mergeProcesses(
  earlier: readonly LaunchProcess[],
  later: readonly LaunchProcess[],
): LaunchProcess[] {
  const byType = new Map(earlier.map((process) => [process.type, process]));
  for (const process of later) byType.set(process.type, process);
  return [...byType.values()];
}

/** Reads a buildpack's deps/<index>/launch.yml. */
export function parseLaunchYaml(source: string): ParsedLaunch {
  const yaml = parseYamlText(source);
  if (yaml.kind === "invalid") return yaml;
  const list = member(yaml.value, "processes");
  if (list === null) return { kind: "processes", processes: [] };
  if (!Array.isArray(list)) return { kind: "invalid", problem: "processes must be a list" };
  const processes: LaunchProcess[] = [];
  for (const [index, item] of list.entries()) {
    const process = launchProcess(item);
    if (process === undefined) {
      return { kind: "invalid", problem: `entry ${index + 1} of processes is not a process` };
    }
    processes.push(process);
  }
  return { kind: "processes", processes };
}

function launchProcess(item: YamlText): LaunchProcess | undefined {
  if (!isYamlMap(item)) return undefined;
  const type = item["type"] ?? "";
  const command = item["command"] ?? "";
  const sidecarFor = member(member(member(item, "platforms"), "cloudfoundry"), "sidecar_for") ?? [];
  const memory = member(member(item, "limits"), "memory") ?? "0";
  if (typeof type !== "string" || typeof command !== "string") return undefined;
  if (!Array.isArray(sidecarFor) || !sidecarFor.every((name) => typeof name === "string")) {
    return undefined;
  }
  if (typeof memory !== "string" || !/^\d+$/.test(memory)) return undefined;
  return { type, command, sidecarFor, memoryMb: Number(memory) };
}

function member(value: YamlText, key: string): YamlText {
  return isYamlMap(value) ? (value[key] ?? null) : null;
}
