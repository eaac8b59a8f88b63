import type { Selectable } from "kysely";
import type { Executor, Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import type { Permissions } from "../http/permissions.ts";
import type { DomainTable } from "./domain-table.ts";

export async function findDomain(
  db: Executor,
  guid: string,
): Promise<Selectable<DomainTable> | undefined> {
  return await db.selectFrom("domains").selectAll().where("guid", "=", guid).executeTakeFirst();
}

/** Shared domains are everybody's, private ones their organization's. */
export async function findVisibleDomain(
  { db, permissions }: { readonly db: Database; readonly permissions: Permissions },
  auth: AuthContext,
  guid: string,
): Promise<Selectable<DomainTable> | undefined> {
  const domain = await findDomain(db, guid);
  if (domain === undefined || domain.organizationGuid === null) return domain;
  const place = { organizationGuid: domain.organizationGuid };
  return (await permissions.can(auth, "organization.read", place)) ? domain : undefined;
}

/**
 * The domain that a host name's longest ending names, among those that an organization may use; for manifests, whose
 * routes are whole host names.
 */
export async function domainOfHostname(
  db: Executor,
  hostname: string,
  organizationGuid: string,
): Promise<Selectable<DomainTable> | undefined> {
  const labels = hostname.toLowerCase().split(".");
  const endings = labels.map((_, index) => labels.slice(index).join("."));
  const rows = await db
    .selectFrom("domains")
    .selectAll()
    .where("name", "in", endings)
    .where((eb) =>
      eb.or([eb("organizationGuid", "is", null), eb("organizationGuid", "=", organizationGuid)]),
    )
    .execute();
  return rows.sort((a, b) => b.name.length - a.name.length).at(0);
}

/** The oldest shared domain, else the oldest of the organization's own: where routes without a domain go. */
export async function defaultDomain(
  db: Executor,
  organizationGuid: string,
): Promise<Selectable<DomainTable> | undefined> {
  const rows = await db
    .selectFrom("domains")
    .selectAll()
    .where("internal", "=", 0)
    .where((eb) =>
      eb.or([eb("organizationGuid", "is", null), eb("organizationGuid", "=", organizationGuid)]),
    )
    .orderBy("id")
    .execute();
  return rows.find((row) => row.organizationGuid === null) ?? rows.at(0);
}
