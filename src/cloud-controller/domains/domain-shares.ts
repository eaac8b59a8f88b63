import { sql } from "kysely";
import type { Database, Executor } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import { isOneOf } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import type { Domain } from "./domain-presenter.ts";

/** Sharing twice is sharing once. */
export async function addShares(
  db: Executor,
  domainGuid: string,
  organizationGuids: readonly string[],
): Promise<void> {
  if (organizationGuids.length === 0) return;
  await db
    .insertInto("domainShares")
    .values(
      [...new Set(organizationGuids)].map((organizationGuid) => ({ domainGuid, organizationGuid })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** @throws 422 where the domain is not shared with the organization, or the organization has routes in it */
export async function removeShare(
  db: Executor,
  domain: Domain,
  organization: { readonly guid: string; readonly name: string },
): Promise<void> {
  const removed = await db
    .deleteFrom("domainShares")
    .where("domainGuid", "=", domain.guid)
    .where("organizationGuid", "=", organization.guid)
    .executeTakeFirst();
  if (removed.numDeletedRows === 0n) {
    throw unprocessable(
      `Unable to unshare domain from organization with name '${organization.name}'. Ensure the domain is shared to this organization.`,
    );
  }
  const route = await db
    .selectFrom("routes")
    .innerJoin("spaces", "spaces.guid", "routes.spaceGuid")
    .select("routes.guid")
    .where("routes.domainGuid", "=", domain.guid)
    .where("spaces.organizationGuid", "=", organization.guid)
    .executeTakeFirst();
  if (route !== undefined) {
    throw unprocessable(
      "This domain has associated routes in this organization. Delete the routes before unsharing.",
    );
  }
}

/** Refuses organizations that a private domain cannot be shared with by this user, in Cloud Controller's words. */
export async function requireShareable(
  { db, permissions }: { readonly db: Database; readonly permissions: Permissions },
  auth: AuthContext,
  { guids, owner }: { readonly guids: readonly string[]; readonly owner: string | null },
): Promise<void> {
  const found = await db
    .selectFrom("organizations")
    .select(["guid", "name"])
    .where(isOneOf(sql.ref("organizations.guid"), guids))
    .execute();
  // What this user may not see is told like what is not there; the original words the two apart.
  for (const guid of guids) {
    const isThere = found.some((organization) => organization.guid === guid);
    const place = { organizationGuid: guid };
    if (isThere && (await permissions.can(auth, "organization.read", place))) continue;
    throw unprocessable(
      `Organization with guid '${guid}' does not exist, or you do not have access to it.`,
    );
  }
  for (const { guid, name } of found) {
    const place = { organizationGuid: guid };
    if (!(await permissions.can(auth, "organization.update", place))) {
      throw unprocessable(
        `You do not have sufficient permissions for organization '${name}' to share domain.`,
      );
    }
    if (await isSuspendedFor(permissions, auth, guid)) {
      throw unprocessable(`Organization '${name}' is suspended.`);
    }
  }
  if (owner !== null && guids.includes(owner)) {
    throw unprocessable("Domain cannot be shared with owning organization.");
  }
}

/** Who may not do it for another reason than suspension is not asked about. */
async function isSuspendedFor(
  permissions: Permissions,
  auth: AuthContext,
  organizationGuid: string,
): Promise<boolean> {
  try {
    await permissions.require(auth, "organization.update", {
      name: "Organization",
      place: { organizationGuid },
      readBy: "organization.read",
    });
    return false;
  } catch (error) {
    if (error instanceof CfError && error.title === "OrgSuspended") return true;
    throw error;
  }
}
