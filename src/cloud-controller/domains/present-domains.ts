import { sql } from "kysely";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import type { Links } from "../http/links.ts";
import { isOneOf } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentDomain, type Domain } from "./domain-presenter.ts";

export interface DomainPresentation {
  readonly db: Database;
  readonly links: Links;
  readonly permissions: Permissions;
}

/** Domains with their metadata and the organizations that they are shared with, as far as the reader sees these. */
export async function presentDomains(
  dependencies: DomainPresentation,
  auth: AuthContext,
  domains: readonly Domain[],
) {
  const guids = domains.map((domain) => domain.guid);
  const metadata = await loadMetadata(dependencies.db, "domain", guids);
  const shared = await sharedOrganizations(dependencies, auth, guids);
  return domains.map((domain) =>
    presentDomain(domain, {
      links: dependencies.links,
      metadata: metadata.get(domain.guid) ?? noMetadata,
      sharedOrganizations: shared.get(domain.guid) ?? [],
    }),
  );
}

/** By domain. */
export async function sharedOrganizations(
  { db, permissions }: Pick<DomainPresentation, "db" | "permissions">,
  auth: AuthContext,
  domainGuids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const visible = permissions.organizations(auth, "organization.read");
  let query = db
    .selectFrom("domainShares")
    .selectAll()
    .where(isOneOf(sql.ref("domainShares.domainGuid"), domainGuids))
    .orderBy("organizationGuid");
  if (visible !== undefined) query = query.where("domainShares.organizationGuid", "in", visible);
  const shares = new Map<string, string[]>();
  for (const { domainGuid, organizationGuid } of await query.execute()) {
    shares.set(domainGuid, [...(shares.get(domainGuid) ?? []), organizationGuid]);
  }
  return shares;
}
