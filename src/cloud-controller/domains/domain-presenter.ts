import type { Selectable } from "kysely";
import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { DomainTable } from "./domain-table.ts";

export type Domain = Selectable<DomainTable>;

export function presentDomain(
  domain: Domain,
  {
    links,
    metadata,
    sharedOrganizations,
  }: {
    readonly links: Links;
    readonly metadata: Metadata;
    /** Only those that the reader may see. */
    readonly sharedOrganizations: readonly string[];
  },
) {
  const path = `/v3/domains/${domain.guid}`;
  const owner = domain.organizationGuid;
  return {
    guid: domain.guid,
    created_at: presentTimestamp(domain.createdAt),
    updated_at: presentTimestamp(domain.updatedAt),
    name: domain.name,
    internal: domain.internal === 1,
    // There are no router groups, and so no TCP domains.
    router_group: null,
    supported_protocols: ["http"],
    ...(domain.enforceRoutePolicies === 1
      ? { enforce_route_policies: true, route_policies_scope: domain.routePoliciesScope }
      : {}),
    relationships: {
      organization: relationTo(owner),
      shared_organizations: { data: sharedOrganizations.map((guid) => ({ guid })) },
    },
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
