import type { EnvironmentVariable } from "#diego/models/action.ts";

/** Variables as they are stored: an app's may be any JSON. */
export type Variables = Readonly<Record<string, unknown>>;

/** Layers of variables, the later over the earlier, as Diego takes them. */
export function layerVariables(...layers: readonly Variables[]): EnvironmentVariable[] {
  const merged = new Map<string, string>();
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) merged.set(name, asText(value));
  }
  return [...merged].map(([name, value]) => ({ name, value }));
}

/** Objects and arrays as JSON, null as nothing, the rest as it prints: Cloud Controller's rule. */
function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a builder's environment is made of. */
export interface StagingVariables {
  /** The staging environment variable group. */
  readonly group: Variables;
  readonly app: Variables;
  /** Of this build alone. */
  readonly build: Variables;
  readonly stack: string;
  /** VCAP_APPLICATION. */
  readonly application: Variables;
  readonly memoryInMb: number;
}

export function stagingVariables(of: StagingVariables): EnvironmentVariable[] {
  return layerVariables(
    of.group,
    of.app,
    of.build,
    { CF_STACK: of.stack },
    { VCAP_APPLICATION: of.application, MEMORY_LIMIT: `${of.memoryInMb}m` },
    { VCAP_SERVICES: {} },
  );
}

/** Of a process, without its port: the running environment variable group, then the app's own. */
export function runningVariables(
  of: Pick<StagingVariables, "group" | "app" | "application" | "memoryInMb">,
): EnvironmentVariable[] {
  return layerVariables(
    of.group,
    of.app,
    { VCAP_APPLICATION: of.application, MEMORY_LIMIT: `${of.memoryInMb}m` },
    { VCAP_SERVICES: {} },
  );
}
