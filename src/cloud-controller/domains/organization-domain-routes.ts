import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { defaultDomain, domainsOfOrganization } from "./find-domain.ts";
import { listDomains, parseDomainsQuery } from "./list-domains.ts";
import { presentDomains, type DomainPresentation } from "./present-domains.ts";

/** What an organization may use. Its private domains show only to those who read its domains. */
export function registerOrganizationDomains(
  app: ApiServer,
  dependencies: DomainPresentation,
): void {
  const { db, permissions } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/organizations/:guid/domains", async (request) => {
    const { guid } = request.params;
    await requireReadable(dependencies, request.auth, guid);
    const list = parseDomainsQuery(request.query);
    let among = domainsOfOrganization(db, guid);
    if (!(await permissions.can(request.auth, "domains.read", { organizationGuid: guid }))) {
      among = among.where("domains.organizationGuid", "is", null);
    }
    const path = `/v3/organizations/${guid}/domains`;
    return await listDomains(dependencies, request.auth, { path, list, among });
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
