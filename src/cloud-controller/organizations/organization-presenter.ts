import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { Organization } from "./organization-table.ts";

export function presentOrganization(
  organization: Organization,
  { links, metadata }: { readonly links: Links; readonly metadata: Metadata },
) {
  const path = `/v3/organizations/${organization.guid}`;
  return {
    guid: organization.guid,
    created_at: presentTimestamp(organization.createdAt),
    updated_at: presentTimestamp(organization.updatedAt),
    name: organization.name,
    suspended: organization.suspended === 1,
    relationships: { quota: relationTo(organization.quotaGuid) },
    metadata,
    links: {
      self: links.to(path),
      domains: links.to(`${path}/domains`),
      default_domain: links.to(`${path}/domains/default`),
      quota: links.to(`/v3/organization_quotas/${organization.quotaGuid}`),
    },
  };
}
