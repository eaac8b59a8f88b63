import type { RoutePolicyTable } from "./route-policy-table.ts";

/** Whom a policy lets call: `cf:app:<guid>`, `cf:space:<guid>`, `cf:org:<guid>`, `cf:any`. */
export type Source = Pick<RoutePolicyTable, "sourceType" | "sourceGuid">;

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const form = new RegExp(`^cf:(app|space|org):(${uuid})$`);

/** Undefined where the text is none. */
export function parseSource(text: string): Source | undefined {
  if (text === "cf:any") return { sourceType: "any", sourceGuid: "" };
  const [, type, sourceGuid = ""] = form.exec(text) ?? [];
  if (type === "app" || type === "space" || type === "org") return { sourceType: type, sourceGuid };
  return undefined;
}

export function formatSource({ sourceType, sourceGuid }: Source): string {
  return sourceType === "any" ? "cf:any" : `cf:${sourceType}:${sourceGuid}`;
}
