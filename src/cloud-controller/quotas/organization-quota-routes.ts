import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { isNamed } from "../database/name-key.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { actorOf } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { toManyMessage } from "../http/guid-list.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { createOrganizationQuotaMessage, updateOrganizationQuotaMessage } from "./messages.ts";
import {
  applyOrganizationQuota,
  createOrganizationQuota,
  updateOrganizationQuota,
} from "./organization-quota-changes.ts";
import { isHeld, visibleHolders } from "./quota-holders.ts";
import { presentOrganizationQuota, type OrganizationQuota } from "./quota-presenter.ts";

interface QuotaRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
}

const path = "/v3/organization_quotas";

/** Quotas of organizations: all may read them, administrators change and apply them. */
export function registerOrganizationQuotas(app: ApiServer, dependencies: QuotaRoutes): void {
  registerReading(app, dependencies);
  registerChanges(app, dependencies);
  registerDeletion(app, dependencies);
}

function registerReading(app: ApiServer, dependencies: QuotaRoutes): void {
  const { db, links, permissions } = dependencies;

  app.get(path, async (request) => {
    const list = parseListQuery(request.query, { filters: ["names", "organization_guids"] });
    let query = db.selectFrom("organizationQuotas").selectAll("organizationQuotas");
    const { names, organization_guids: organizations } = list.filters;
    if (names !== undefined) {
      query = query.where(isNamed("organizationQuotas.nameKey", names));
    }
    if (organizations !== undefined) {
      const visible = permissions.organizations(request.auth, "organization.read");
      const named = db
        .selectFrom("organizations")
        .select("organizations.quotaGuid")
        .where(isOneOf(sql.ref("organizations.guid"), organizations));
      query = query.where(
        "organizationQuotas.guid",
        "in",
        visible === undefined ? named : named.where("organizations.guid", "in", visible),
      );
    }
    const page = await fetchPage(query, list, "organizationQuotas");
    const resources = await presentAll(dependencies, request.auth, page.rows);
    return presentPage({ links, path, list, total: page.total, resources });
  });

  app.get<{ Params: { guid: string } }>(`${path}/:guid`, async (request) =>
    present(dependencies, request.auth, await find(db, request.params.guid)),
  );
}

function registerChanges(app: ApiServer, dependencies: QuotaRoutes): void {
  const { db, clock, links } = dependencies;

  app.post(path, async (request, reply) => {
    requireAdmin(request.auth);
    const message = parseMessage(createOrganizationQuotaMessage, request.body);
    const actor = actorOf(request.auth);
    const created = await createOrganizationQuota({ db, clock, actor }, message);
    return await reply.status(201).send(await present(dependencies, request.auth, created));
  });

  app.patch<{ Params: { guid: string } }>(`${path}/:guid`, async (request) => {
    requireAdmin(request.auth);
    const message = parseMessage(updateOrganizationQuotaMessage, request.body);
    const quota = await find(db, request.params.guid);
    const actor = actorOf(request.auth);
    const updated = await updateOrganizationQuota({ db, clock, actor }, quota, message);
    return await present(dependencies, request.auth, updated);
  });

  app.post<{ Params: { guid: string } }>(
    `${path}/:guid/relationships/organizations`,
    async (request) => {
      requireAdmin(request.auth);
      const message = parseMessage(toManyMessage, request.body);
      const quota = await find(db, request.params.guid);
      const actor = actorOf(request.auth);
      await applyOrganizationQuota({ db, clock, actor }, quota, message.data);
      const { relationships } = await present(dependencies, request.auth, quota);
      return {
        ...relationships.organizations,
        links: { self: links.to(`${path}/${quota.guid}/relationships/organizations`) },
      };
    },
  );
}

function registerDeletion(app: ApiServer, { db, links, jobs }: QuotaRoutes): void {
  app.delete<{ Params: { guid: string } }>(`${path}/:guid`, async (request, reply) => {
    requireAdmin(request.auth);
    const quota = await find(db, request.params.guid);
    if (await isHeld(db, "organization", quota.guid)) {
      throw unprocessable(
        "This quota is applied to one or more organizations. Apply different quotas to those organizations before deleting.",
      );
    }
    const job = await jobs.enqueue({
      operation: "organization_quota.delete",
      payload: { quotaGuid: quota.guid },
      resource: { guid: quota.guid, type: "organization_quota" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}

/** Comes before the body is read, as in the original. */
function requireAdmin(auth: AuthContext): void {
  if (!auth.isAdmin) throw new CfError("NotAuthorized");
}

async function find(db: Database, guid: string): Promise<OrganizationQuota> {
  const quota = await db
    .selectFrom("organizationQuotas")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
  if (quota === undefined) throw notFound("Organization quota");
  return quota;
}

async function present(dependencies: QuotaRoutes, auth: AuthContext, quota: OrganizationQuota) {
  const organizationGuids = await visibleOrganizations(dependencies, auth, [quota]);
  return presentOrganizationQuota(quota, {
    links: dependencies.links,
    organizationGuids: organizationGuids.get(quota.guid) ?? [],
  });
}

async function presentAll(
  dependencies: QuotaRoutes,
  auth: AuthContext,
  quotas: readonly OrganizationQuota[],
) {
  const organizationGuids = await visibleOrganizations(dependencies, auth, quotas);
  return quotas.map((quota) =>
    presentOrganizationQuota(quota, {
      links: dependencies.links,
      organizationGuids: organizationGuids.get(quota.guid) ?? [],
    }),
  );
}

async function visibleOrganizations(
  { db, permissions }: QuotaRoutes,
  auth: AuthContext,
  quotas: readonly OrganizationQuota[],
) {
  const visible = permissions.organizations(auth, "organization.read");
  return await visibleHolders(db, { holder: "organization", quotas, visible });
}
