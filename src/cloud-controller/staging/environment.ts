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
