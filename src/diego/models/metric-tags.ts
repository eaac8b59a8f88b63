import type { ContainerDefinition } from "./container-definition.ts";

/** The tags of one instance: what a definition leaves open is its index and its guid. */
export function metricTagsOf(
  tags: ContainerDefinition["metricTags"],
  instance: { readonly index: number; readonly instanceGuid: string },
): Record<string, string> {
  const dynamic = { INDEX: String(instance.index), INSTANCE_GUID: instance.instanceGuid };
  return Object.fromEntries(
    Object.entries(tags).map(([name, value]) => [
      name,
      "static" in value ? value.static : dynamic[value.dynamic],
    ]),
  );
}
