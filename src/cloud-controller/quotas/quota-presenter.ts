import type { Selectable } from "kysely";
import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { OrganizationQuotaTable } from "./organization-quota-table.ts";
import { toLimits } from "./quota-limits.ts";
import type { SpaceQuotaTable } from "./space-quota-table.ts";

export type OrganizationQuota = Selectable<OrganizationQuotaTable>;
export type SpaceQuota = Selectable<SpaceQuotaTable>;

/** `organizationGuids`: those with this quota that the caller may see. */
export function presentOrganizationQuota(
  quota: OrganizationQuota,
  { links, organizationGuids }: { links: Links; organizationGuids: readonly string[] },
) {
  return {
    ...presentCommon(quota),
    relationships: { organizations: { data: organizationGuids.map((guid) => ({ guid })) } },
    links: { self: links.to(`/v3/organization_quotas/${quota.guid}`) },
  };
}

/** `spaceGuids`: those with this quota that the caller may see. */
export function presentSpaceQuota(
  quota: SpaceQuota,
  { links, spaceGuids }: { links: Links; spaceGuids: readonly string[] },
) {
  return {
    ...presentCommon(quota),
    relationships: {
      organization: relationTo(quota.organizationGuid),
      spaces: { data: spaceGuids.map((guid) => ({ guid })) },
    },
    links: {
      self: links.to(`/v3/space_quotas/${quota.guid}`),
      organization: links.to(`/v3/organizations/${quota.organizationGuid}`),
    },
  };
}

function presentCommon(quota: OrganizationQuota | SpaceQuota) {
  return {
    guid: quota.guid,
    created_at: presentTimestamp(quota.createdAt),
    updated_at: presentTimestamp(quota.updatedAt),
    name: quota.name,
    ...toLimits(quota.limits),
  };
}
