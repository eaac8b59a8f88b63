import type { Selectable } from "kysely";
import { presentTimestamp, type Links } from "../http/links.ts";
import type { SecurityGroupTable } from "./security-group-table.ts";

export function presentSecurityGroup(group: Selectable<SecurityGroupTable>, links: Links) {
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
    relationships: { running_spaces: { data: [] }, staging_spaces: { data: [] } },
    links: { self: links.to(`/v3/security_groups/${group.guid}`) },
  };
}
