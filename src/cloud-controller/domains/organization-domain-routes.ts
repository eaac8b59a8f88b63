import { sql } from "kysely";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { defaultDomain, domainsOfOrganization } from "./find-domain.ts";
import { presentDomains, type DomainPresentation } from "./present-domains.ts";

/** What an organization may use. Its private domains show only to those who read its domains. */
export function registerOrganizationDomains(
  app: ApiServer,
  dependencies: DomainPresentation,
): void {
  const { db, links, permissions } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/organizations/:guid/domains", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, {
      filters: ["names", "organization_guids"],
      labels: true,
    });
    await requireReadable(dependencies, request.auth, guid);
    let query = domainsOfOrganization(db, guid);
    if (!(await permissions.can(request.auth, "domains.read", { organizationGuid: guid }))) {
      query = query.where("domains.organizationGuid", "is", null);
    }
    const { names, organization_guids } = list.filters;
    if (names !== undefined) query = query.where(isOneOf(sql.ref("domains.name"), names));
    if (organization_guids !== undefined) {
      query = query.where(isOneOf(sql.ref("domains.organizationGuid"), organization_guids));
    }
    const page = await fetchPage(query, list, "domains", "domain");
    return presentPage({
      links,
      path: `/v3/organizations/${guid}/domains`,
      list,
      total: page.total,
      resources: await presentDomains(dependencies, request.auth, page.rows),
    });
  });

  app.get<{ Params: { guid: string } }>(
    "/v3/organizations/:guid/domains/default",
    async (request) => {
      const { guid } = request.params;
      await requireReadable(dependencies, request.auth, guid);
      const domain = await defaultDomain(db, guid);
      if (domain === undefined) throw notFound("Domain");
      const isHidden =
        domain.organizationGuid !== null &&
        !(await permissions.can(request.auth, "domains.read", { organizationGuid: guid }));
      if (isHidden) throw notFound("Domain");
      const [document] = await presentDomains(dependencies, request.auth, [domain]);
      return document;
    },
  );
}

async function requireReadable(
  { db, permissions }: DomainPresentation,
  auth: AuthContext,
  organizationGuid: string,
): Promise<void> {
  const organization = await db
    .selectFrom("organizations")
    .select("guid")
    .where("guid", "=", organizationGuid)
    .executeTakeFirst();
  if (organization === undefined) throw notFound("Organization");
  await permissions.require(auth, "organization.read", {
    name: "Organization",
    place: { organizationGuid },
    readBy: "organization.read",
  });
}
