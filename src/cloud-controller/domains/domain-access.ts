import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { Permissions } from "../http/permissions.ts";
import type { Domain } from "./domain-presenter.ts";
import { findVisibleDomain } from "./find-domain.ts";

interface DomainAccess {
  readonly db: Database;
  readonly permissions: Permissions;
}

/** @throws 404 for a domain that is not there or not to be seen */
export async function visibleDomain(
  dependencies: DomainAccess,
  auth: AuthContext,
  guid: string,
): Promise<Domain> {
  const domain = await findVisibleDomain(dependencies, auth, guid);
  if (domain === undefined) throw notFound("Domain");
  return domain;
}

/** As `visibleDomain`, for what only a manager of its organization does, or an admin with a shared domain. */
export async function writableDomain(
  dependencies: DomainAccess,
  auth: AuthContext,
  guid: string,
): Promise<Domain> {
  const domain = await visibleDomain(dependencies, auth, guid);
  await requireOwner(dependencies, auth, domain.organizationGuid);
  return domain;
}

/** @throws 403: not the owner's manager, or the owner is suspended */
export async function requireOwner(
  { permissions }: Pick<DomainAccess, "permissions">,
  auth: AuthContext,
  organizationGuid: string | null,
): Promise<void> {
  const isAllowed =
    organizationGuid === null
      ? await permissions.can(auth, "platform.manage", "platform")
      : await permissions.can(auth, "organization.update", { organizationGuid });
  if (!isAllowed) throw new CfError("NotAuthorized");
  if (organizationGuid === null) return;
  await permissions.require(auth, "organization.update", {
    name: "Domain",
    place: { organizationGuid },
    readBy: "organization.read",
  });
}

export function unknownOrganization(guid: string): CfError {
  return unprocessable(
    `Organization with guid '${guid}' does not exist or you do not have access to it.`,
  );
}
