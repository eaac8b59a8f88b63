import { presentTimestamp, type Links } from "../http/links.ts";
import type { SecurityGroup } from "./security-group-table.ts";

/** Guids of spaces that a group is bound to, as far as the caller may see them. */
export interface BoundSpaces {
  readonly running: readonly string[];
  readonly staging: readonly string[];
}

export function presentSecurityGroup(
  group: SecurityGroup,
  { links, spaces }: { readonly links: Links; readonly spaces: BoundSpaces },
) {
  const rules: unknown = JSON.parse(group.rules);
  return {
    guid: group.guid,
    created_at: presentTimestamp(group.createdAt),
    updated_at: presentTimestamp(group.updatedAt),
    name: group.name,
    rules,
    globally_enabled: {
      running: group.runningDefault === 1,
      staging: group.stagingDefault === 1,
    },
    relationships: {
      running_spaces: { data: spaces.running.map((guid) => ({ guid })) },
      staging_spaces: { data: spaces.staging.map((guid) => ({ guid })) },
    },
    links: { self: links.to(`/v3/security_groups/${group.guid}`) },
  };
}
