import type { Selectable } from "kysely";
import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { DomainTable } from "./domain-table.ts";

export function presentDomain(
  domain: Selectable<DomainTable>,
  { links, metadata }: { readonly links: Links; readonly metadata: Metadata },
) {
  const path = `/v3/domains/${domain.guid}`;
  const owner = domain.organizationGuid;
  return {
    guid: domain.guid,
    created_at: presentTimestamp(domain.createdAt),
    updated_at: presentTimestamp(domain.updatedAt),
    name: domain.name,
    internal: domain.internal === 1,
    router_group: null,
    supported_protocols: ["http"],
    relationships: { organization: relationTo(owner), shared_organizations: { data: [] } },
    metadata,
    links: {
      self: links.to(path),
      route_reservations: links.to(`${path}/route_reservations`),
      ...(owner === null
        ? {}
        : {
            organization: links.to(`/v3/organizations/${owner}`),
            shared_organizations: links.to(`${path}/relationships/shared_organizations`),
          }),
    },
  };
}
