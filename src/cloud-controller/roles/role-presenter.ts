import type { Selectable } from "kysely";
import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { RoleTable } from "./role-table.ts";

export function presentRole(role: Selectable<RoleTable>, links: Links) {
  const { organizationGuid, spaceGuid } = role;
  return {
    guid: role.guid,
    created_at: presentTimestamp(role.createdAt),
    updated_at: presentTimestamp(role.updatedAt),
    type: role.type,
    relationships: {
      user: relationTo(role.userGuid),
      organization: organizationGuid === null ? { data: null } : relationTo(organizationGuid),
      space: spaceGuid === null ? { data: null } : relationTo(spaceGuid),
    },
    links: {
      self: links.to(`/v3/roles/${role.guid}`),
      user: links.to(`/v3/users/${role.userGuid}`),
      ...(organizationGuid === null
        ? {}
        : { organization: links.to(`/v3/organizations/${organizationGuid}`) }),
      ...(spaceGuid === null ? {} : { space: links.to(`/v3/spaces/${spaceGuid}`) }),
    },
  };
}
