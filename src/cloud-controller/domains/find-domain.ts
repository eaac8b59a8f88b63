import { sql } from "kysely";
import type { Database, Executor } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import type { Permissions } from "../http/permissions.ts";
import type { Domain } from "./domain-presenter.ts";
import { splitFirstLabel } from "./domain-name.ts";

export async function findDomain(db: Executor, guid: string): Promise<Domain | undefined> {
  return await db.selectFrom("domains").selectAll().where("guid", "=", guid).executeTakeFirst();
}

/**
 * The domains that a user sees: shared ones, and those that belong to, or are shared with, an organization whose domains
 * he may read.
 */
export function visibleDomains(
  { db, permissions }: { readonly db: Database; readonly permissions: Permissions },
  auth: AuthContext,
) {
  const query = db.selectFrom("domains").selectAll("domains");
  const organizations = permissions.organizations(auth, "domains.read");
  if (organizations === undefined) return query;
  return query.where((eb) =>
    eb.or([
      eb("domains.organizationGuid", "is", null),
      eb("domains.organizationGuid", "in", organizations),
      eb(
        "domains.guid",
        "in",
        eb
          .selectFrom("domainShares")
          .select("domainShares.domainGuid")
          .where("domainShares.organizationGuid", "in", organizations),
      ),
    ]),
  );
}

export async function findVisibleDomain(
  dependencies: { readonly db: Database; readonly permissions: Permissions },
  auth: AuthContext,
  guid: string,
): Promise<Domain | undefined> {
  return await visibleDomains(dependencies, auth)
    .where("domains.guid", "=", guid)
    .executeTakeFirst();
}

/** Shared domains, the organization's own, and those that are shared with it. */
export function domainsOfOrganization(db: Executor, organizationGuid: string) {
  return db
    .selectFrom("domains")
    .selectAll("domains")
    .where((eb) =>
      eb.or([
        eb("domains.organizationGuid", "is", null),
        eb("domains.organizationGuid", "=", organizationGuid),
        eb(
          "domains.guid",
          "in",
          eb
            .selectFrom("domainShares")
            .select("domainShares.domainGuid")
            .where("domainShares.organizationGuid", "=", organizationGuid),
        ),
      ]),
    );
}

export async function isUsableBy(
  db: Executor,
  domain: Domain,
  organizationGuid: string,
): Promise<boolean> {
  if (domain.organizationGuid === null || domain.organizationGuid === organizationGuid) return true;
  const share = await db
    .selectFrom("domainShares")
    .select("domainGuid")
    .where("domainGuid", "=", domain.guid)
    .where("organizationGuid", "=", organizationGuid)
    .executeTakeFirst();
  return share !== undefined;
}

/**
 * Host and domain of a whole host name, for manifests: the name is a domain itself, or its first label is the host.
 * Whose domain it is decides the route's creation.
 */
export async function domainOfHostname(
  db: Executor,
  hostname: string,
): Promise<{ readonly domain: Domain; readonly host: string } | undefined> {
  const split = splitFirstLabel(hostname);
  const whole = hostname.toLowerCase();
  const parent = split.domain.toLowerCase();
  const rows = await db
    .selectFrom("domains")
    .selectAll()
    .where("name", "in", [whole, parent])
    .execute();
  const itself = rows.find((row) => row.name === whole);
  if (itself !== undefined) return { domain: itself, host: "" };
  const domain = rows.find((row) => row.name === parent);
  return domain === undefined ? undefined : { domain, host: split.host };
}

/** The oldest shared domain, else the oldest that the organization may use: where routes without a domain go. */
export async function defaultDomain(
  db: Executor,
  organizationGuid: string,
): Promise<Domain | undefined> {
  return await domainsOfOrganization(db, organizationGuid)
    .where("domains.internal", "=", 0)
    .orderBy(sql`case when domains.organization_guid is null then 0 else 1 end`)
    .orderBy("domains.id")
    .executeTakeFirst();
}
