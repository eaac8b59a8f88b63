import type { Clock } from "#kernel/clock/clock.ts";
import {
  recordAuditEvent,
  triggerOf,
  type ManifestTrigger,
} from "../audit-events/record-audit-event.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import type { Domain } from "../domains/domain-presenter.ts";
import { isUsableBy } from "../domains/find-domain.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata, type MetadataPatch } from "../metadata/metadata.ts";
import { routeQuotaFault } from "../quotas/check-quota.ts";
import { toRoute, type Route } from "./find-route.ts";
import { mergeOptions } from "./route-options.ts";

export interface NewRoute {
  readonly spaceGuid: string;
  readonly domain: Domain;
  /** Empty: the domain itself. */
  readonly host: string;
  readonly path: string;
  /** There are no TCP routes: only none may have one. */
  readonly port: number | undefined;
  /** As given; checked already. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly metadata?: MetadataPatch | undefined;
  /** What was asked for, for the event. */
  readonly request: Readonly<Record<string, unknown>>;
}

const maximumFqdnLength = 253;
/** Characters of a URI's path, and escapes. */
const pathForm = /^(?:\/(?:[\w.~!$&'()*+,;=:@-]|%[0-9a-f]{2})*)*$/i;

/** @throws 422 in Cloud Controller's order: domain, quota, options, host, path, port, and whether it is taken */
export async function createRoute(
  db: Executor,
  change: ManifestTrigger & { readonly clock: Clock; readonly actor: Actor },
  wanted: NewRoute,
): Promise<Route> {
  const { clock, actor } = change;
  await requireUsableDomain(db, wanted);
  const quotaFault = await routeQuotaFault(db, wanted.spaceGuid);
  if (quotaFault !== undefined) throw unprocessable(quotaFault);
  const merged = mergeOptions({}, wanted.options);
  if (!merged.ok) throw unprocessable(merged.fault);
  const fault = addressFault(wanted);
  if (fault !== undefined) throw unprocessable(fault);
  await refuseTaken(db, wanted);
  const row = await db
    .insertInto("routes")
    .values({
      ...newRecord(clock),
      spaceGuid: wanted.spaceGuid,
      domainGuid: wanted.domain.guid,
      host: wanted.host,
      path: wanted.path,
      options: JSON.stringify(merged.options),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch(whereTaken(() => unprocessable(takenText(wanted))));
  await updateMetadata(db, { type: "route", guid: row.guid }, wanted.metadata);
  await recordAuditEvent(db, clock, {
    type: "audit.route.create",
    actor,
    target: { guid: row.guid, type: "route", name: row.host },
    spaceGuid: row.spaceGuid,
    data: { request: wanted.request, ...triggerOf(change) },
  });
  return toRoute({ ...row, domainName: wanted.domain.name });
}

async function requireUsableDomain(db: Executor, { spaceGuid, domain }: NewRoute): Promise<void> {
  const organization = await db
    .selectFrom("spaces")
    .innerJoin("organizations", "organizations.guid", "spaces.organizationGuid")
    .select(["organizations.guid", "organizations.name"])
    .where("spaces.guid", "=", spaceGuid)
    .executeTakeFirstOrThrow();
  if (await isUsableBy(db, domain, organization.guid)) return;
  throw unprocessable(
    `Invalid domain. Domain '${domain.name}' is not available in organization '${organization.name}'.`,
  );
}

/** What the address itself has against it, whatever others there are. */
function addressFault({ domain, host, path, port }: NewRoute): string | undefined {
  const isInternal = domain.internal === 1;
  const isShared = domain.organizationGuid === null;
  const faults: readonly [boolean, string][] = [
    [isInternal && host === "*", "Wildcard hosts are not supported for internal domains."],
    [isShared && host === "", "Missing host. Routes in shared domains must have a host defined."],
    [
      host.length > 63 || host.length + 1 + domain.name.length > maximumFqdnLength,
      `Host combined with domain name must be no more than ${maximumFqdnLength} characters.`,
    ],
    [isInternal && path !== "", "Paths are not supported for internal domains."],
    [path === "/", "Path cannot be a single '/'."],
    [!pathForm.test(path), "Path is invalid."],
    [path.length > 128, "Path exceeds 128 characters."],
    [(port ?? 0) > 0, "Routes with protocol 'http' do not support ports."],
  ];
  return faults.find(([holds]) => holds)?.[1];
}

/** A host of a shared domain belongs to one space, with all its paths; and a domain's name is no route. */
async function refuseTaken(db: Executor, wanted: NewRoute): Promise<void> {
  const { domain, host, path, spaceGuid } = wanted;
  if (host !== "") {
    const fqdn = `${host}.${domain.name}`;
    const conflict = await db
      .selectFrom("domains")
      .select("guid")
      .where("name", "=", fqdn)
      .executeTakeFirst();
    if (conflict !== undefined) {
      throw unprocessable(`Route conflicts with domain '${fqdn}'.`);
    }
  }
  if (domain.organizationGuid !== null) return;
  const elsewhere = await db
    .selectFrom("routes")
    .select("guid")
    .where("domainGuid", "=", domain.guid)
    .where("host", "=", host)
    .where("spaceGuid", "!=", spaceGuid)
    .where("path", "!=", path)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("routes as same")
            .select("same.guid")
            .where("same.domainGuid", "=", domain.guid)
            .where("same.host", "=", host)
            .where("same.path", "=", path),
        ),
      ),
    )
    .executeTakeFirst();
  if (elsewhere !== undefined) {
    throw unprocessable("Routes for this host and domain have been reserved for another space.");
  }
}

function takenText({ host, path, domain }: NewRoute): string {
  const withHost = host === "" ? "" : ` with host '${host}'`;
  const withPath = path === "" ? "" : `${host === "" ? " with" : " and"} path '${path}'`;
  return `Route already exists${withHost}${withPath} for domain '${domain.name}'.`;
}
