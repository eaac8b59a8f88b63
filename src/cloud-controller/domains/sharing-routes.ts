import type { AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseMessage } from "../http/parse-message.ts";
import {
  requireOwner,
  unknownOrganization,
  visibleDomain,
  writableDomain,
} from "./domain-access.ts";
import type { Domain } from "./domain-presenter.ts";
import { addShares, removeShare, requireShareable } from "./domain-shares.ts";
import { sharedOrganizationsMessage } from "./messages.ts";
import { sharedOrganizations, type DomainPresentation } from "./present-domains.ts";

/** A private domain lent to further organizations. */
export function registerDomainSharing(app: ApiServer, dependencies: DomainPresentation): void {
  const { db } = dependencies;
  const path = "/v3/domains/:guid/relationships/shared_organizations";

  app.post<{ Params: { guid: string } }>(path, async (request) => {
    const message = parseMessage(sharedOrganizationsMessage, request.body);
    const { auth } = request;
    const domain = await writableDomain(dependencies, auth, request.params.guid);
    const guids = message.data.map((relation) => relation.guid);
    await requireShareable(dependencies, auth, { guids, owner: domain.organizationGuid });
    if (domain.organizationGuid === null) {
      throw unprocessable(
        "Domains cannot be shared with other organizations unless they are scoped to an organization.",
      );
    }
    await addShares(db, domain.guid, guids);
    const shared = await sharedOrganizations(dependencies, auth, [domain.guid]);
    return { data: (shared.get(domain.guid) ?? []).map((guid) => ({ guid })) };
  });

  app.delete<{ Params: { guid: string; organization: string } }>(
    `${path}/:organization`,
    async (request, reply) => {
      const { guid, organization: organizationGuid } = request.params;
      const domain = await visibleDomain(dependencies, request.auth, guid);
      const organization = await db
        .selectFrom("organizations")
        .select(["guid", "name"])
        .where("guid", "=", organizationGuid)
        .executeTakeFirst();
      if (organization === undefined) throw unknownOrganization(organizationGuid);
      await requireEitherOwner(dependencies, request.auth, { domain, organizationGuid });
      const place = { organizationGuid };
      if (!(await dependencies.permissions.can(request.auth, "organization.read", place))) {
        throw unknownOrganization(organizationGuid);
      }
      await db.transaction().execute((tx) => removeShare(tx, domain, organization));
      return await reply.status(204).send();
    },
  );
}

/**
 * Either side may end it: who manages the owner, or the organization that the domain is shared with. Who manages one that
 * takes no changes hears of that.
 */
async function requireEitherOwner(
  dependencies: DomainPresentation,
  auth: AuthContext,
  { domain, organizationGuid }: { readonly domain: Domain; readonly organizationGuid: string },
): Promise<void> {
  const refusals: CfError[] = [];
  for (const owner of [domain.organizationGuid, organizationGuid]) {
    try {
      return await requireOwner(dependencies, auth, owner);
    } catch (error) {
      if (!(error instanceof CfError)) throw error;
      refusals.push(error);
    }
  }
  throw refusals.find(({ title }) => title !== "NotAuthorized") ?? new CfError("NotAuthorized");
}
