import type { Selectable } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { isUniqueViolation, newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { DomainTable } from "../domains/domain-table.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata, type MetadataPatch } from "../metadata/metadata.ts";
import { routeQuotaFault } from "../quotas/check-quota.ts";
import { toRoute, type Route } from "./find-route.ts";

export interface NewRoute {
  readonly spaceGuid: string;
  readonly domain: Selectable<DomainTable>;
  readonly host: string;
  readonly path: string;
  readonly options: Readonly<Record<string, string>>;
  readonly metadata?: MetadataPatch | undefined;
  /** Only an admin may take all hosts of a shared domain. */
  readonly mayUseWildcard: boolean;
}

export async function createRoute(
  db: Executor,
  { clock, actor }: { readonly clock: Clock; readonly actor: Actor },
  wanted: NewRoute,
): Promise<Route> {
  await refuseMisplaced(db, wanted);
  const quotaFault = await routeQuotaFault(db, wanted.spaceGuid);
  if (quotaFault !== undefined) throw unprocessable(quotaFault);
  const row = await db
    .insertInto("routes")
    .values({
      ...newRecord(clock),
      spaceGuid: wanted.spaceGuid,
      domainGuid: wanted.domain.guid,
      host: wanted.host.toLowerCase(),
      path: wanted.path,
      options: JSON.stringify(wanted.options),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch((error: unknown) => {
      throw isUniqueViolation(error) ? unprocessable(takenText(wanted)) : error;
    });
  await updateMetadata(db, { type: "route", guid: row.guid }, wanted.metadata);
  await recordAuditEvent(db, clock, {
    type: "audit.route.create",
    actor,
    target: { guid: row.guid, type: "route", name: row.host },
    spaceGuid: row.spaceGuid,
    data: { request: { host: row.host, path: row.path, domain_guid: row.domainGuid } },
  });
  return toRoute({ ...row, domainName: wanted.domain.name });
}

async function refuseMisplaced(db: Executor, wanted: NewRoute): Promise<void> {
  const { domain, host } = wanted;
  const isShared = domain.organizationGuid === null;
  if (isShared && host === "") {
    throw unprocessable("Missing host. Routes in shared domains must have a host defined.");
  }
  if (isShared && host === "*" && !wanted.mayUseWildcard) {
    throw unprocessable("Wildcard hosts in shared domains are for administrators only.");
  }
  if (!isShared) {
    const space = await db
      .selectFrom("spaces")
      .select("organizationGuid")
      .where("guid", "=", wanted.spaceGuid)
      .executeTakeFirstOrThrow();
    if (space.organizationGuid !== domain.organizationGuid) {
      throw unprocessable(
        `Invalid domain. Domain '${domain.name}' is not available in organization.`,
      );
    }
    return;
  }
  const elsewhere = await db
    .selectFrom("routes")
    .select("guid")
    .where("domainGuid", "=", domain.guid)
    .where("host", "=", host)
    .where("spaceGuid", "!=", wanted.spaceGuid)
    .where("path", "!=", wanted.path)
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
