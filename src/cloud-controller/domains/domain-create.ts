import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { newRecord, storedBoolean } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { privateDomainQuotaFault } from "../quotas/check-quota.ts";
import { enclosingDomains, splitFirstLabel } from "./domain-name.ts";
import type { Domain } from "./domain-presenter.ts";
import { addShares } from "./domain-shares.ts";
import type { CreateDomain } from "./messages.ts";

export async function createDomain(
  db: Executor,
  clock: Clock,
  message: CreateDomain,
): Promise<Domain> {
  const organizationGuid = message.relationships?.organization?.data.guid ?? null;
  const name = message.name.toLowerCase();
  await refuseOverlap(db, { name, given: message.name, organizationGuid });
  const quotaFault =
    organizationGuid === null ? undefined : await privateDomainQuotaFault(db, organizationGuid);
  if (quotaFault !== undefined) throw unprocessable(quotaFault);
  const domain = await db
    .insertInto("domains")
    .values({
      ...newRecord(clock),
      name,
      internal: storedBoolean(message.internal === true),
      organizationGuid,
      enforceRoutePolicies: storedBoolean(message.enforce_route_policies === true),
      routePoliciesScope: message.route_policies_scope ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch(whereTaken(() => inUse(message.name)));
  const shared = message.relationships?.shared_organizations?.data ?? [];
  await addShares(
    db,
    domain.guid,
    shared.map((relation) => relation.guid),
  );
  await updateMetadata(db, { type: "domain", guid: domain.guid }, message.metadata);
  return domain;
}

function inUse(name: string) {
  return unprocessable(`The domain name "${name}" is already in use`);
}

/** A name may not reach into what another organization has: its domain above or below, or a route of that name. */
async function refuseOverlap(
  db: Executor,
  {
    name,
    given,
    organizationGuid,
  }: {
    readonly name: string;
    /** As the request writes it, for the texts. */
    readonly given: string;
    readonly organizationGuid: string | null;
  },
): Promise<void> {
  const reserved = (by: string, what: string) =>
    unprocessable(
      `The domain name "${given}" cannot be created because "${by}" is already reserved by ${what}`,
    );
  const around = enclosingDomains(name);
  const above = await db
    .selectFrom("domains")
    .select(["name", "guid", "organizationGuid"])
    .where("name", "in", [...around, ...around.map((domain) => splitFirstLabel(domain).domain)])
    .execute();
  if (above.some((domain) => domain.name === name)) throw inUse(given);
  const foreign = above.find(
    (domain) =>
      around.includes(domain.name) &&
      domain.organizationGuid !== null &&
      domain.organizationGuid !== organizationGuid,
  );
  if (foreign !== undefined) throw reserved(foreign.name, "another domain");
  for (const enclosing of around) {
    const { host, domain: parentName } = splitFirstLabel(enclosing);
    const parent = above.find((domain) => domain.name === parentName);
    if (parent === undefined) continue;
    const route = await db
      .selectFrom("routes")
      .select("guid")
      .where("domainGuid", "=", parent.guid)
      .where("host", "=", host)
      .executeTakeFirst();
    if (route !== undefined) throw reserved(enclosing, "a route");
  }
  if (organizationGuid === null) return;
  const below = await db
    .selectFrom("domains")
    .select("name")
    // Not LIKE: PostgreSQL has none for names that compare without regard to case.
    .where(sql<boolean>`substr(name, length(name) - ${name.length}) = ${`.${name}`}`)
    .where((eb) =>
      eb.or([eb("organizationGuid", "is", null), eb("organizationGuid", "!=", organizationGuid)]),
    )
    .executeTakeFirst();
  if (below !== undefined) throw reserved(below.name, "another domain");
}
