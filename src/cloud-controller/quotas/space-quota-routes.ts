import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { isNamed } from "../database/name-key.ts";
import type { Database } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { toManyMessage } from "../http/guid-list.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { unprocessableQuery } from "../http/unprocessable-query.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { createSpaceQuotaMessage, updateSpaceQuotaMessage } from "./messages.ts";
import { isHeld, visibleHolders } from "./quota-holders.ts";
import { presentSpaceQuota, type SpaceQuota } from "./quota-presenter.ts";
import {
  applySpaceQuota,
  createSpaceQuota,
  removeSpaceQuota,
  updateSpaceQuota,
} from "./space-quota-changes.ts";

interface QuotaRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
}

const path = "/v3/space_quotas";

/** Quotas of spaces, which belong to an organization: its managers change and apply them. */
export function registerSpaceQuotas(app: ApiServer, dependencies: QuotaRoutes): void {
  registerReading(app, dependencies);
  registerChanges(app, dependencies);
  registerSpaces(app, dependencies);
}

function registerReading(app: ApiServer, dependencies: QuotaRoutes): void {
  const { links } = dependencies;

  app.get(path, async (request) => {
    const list = unprocessableQuery(() =>
      parseListQuery(request.query, { filters: ["names", "organization_guids", "space_guids"] }),
    );
    let query = visibleQuotas(dependencies, request.auth);
    const { names, organization_guids: organizations, space_guids: spaces } = list.filters;
    if (names !== undefined) {
      query = query.where(isNamed("spaceQuotas.nameKey", names));
    }
    if (organizations !== undefined) {
      query = query.where(isOneOf(sql.ref("space_quotas.organization_guid"), organizations));
    }
    if (spaces !== undefined) {
      query = query.where("spaceQuotas.guid", "in", (eb) =>
        eb
          .selectFrom("spaces")
          .select((space) => space.ref("spaces.quotaGuid").$notNull().as("guid"))
          .where("spaces.quotaGuid", "is not", null)
          .where(isOneOf(sql.ref("spaces.guid"), spaces)),
      );
    }
    const page = await fetchPage(query, list, "spaceQuotas");
    const spaceGuids = await visibleSpaces(dependencies, request.auth, page.rows);
    const resources = page.rows.map((row) =>
      presentSpaceQuota(row, { links, spaceGuids: spaceGuids.get(row.guid) ?? [] }),
    );
    return presentPage({ links, path, list, total: page.total, resources });
  });

  app.get<{ Params: { guid: string } }>(`${path}/:guid`, async (request) =>
    present(
      dependencies,
      request.auth,
      await findVisible(dependencies, request.auth, request.params.guid),
    ),
  );
}

function registerChanges(app: ApiServer, dependencies: QuotaRoutes): void {
  const { db, clock, links, permissions, jobs } = dependencies;

  app.post(path, async (request, reply) => {
    const message = parseMessage(createSpaceQuotaMessage, request.body);
    const organizationGuid = message.relationships.organization.data.guid;
    const organization = await db
      .selectFrom("organizations")
      .select("guid")
      .where("guid", "=", organizationGuid)
      .executeTakeFirst();
    if (organization === undefined) {
      throw unprocessable(
        `Organization with guid '${organizationGuid}' does not exist, or you do not have access to it.`,
      );
    }
    await requireManager(permissions, request.auth, organizationGuid);
    const actor = actorOf(request.auth);
    const created = await createSpaceQuota({ db, clock, actor }, message);
    return await reply.status(201).send(await present(dependencies, request.auth, created));
  });

  app.patch<{ Params: { guid: string } }>(`${path}/:guid`, async (request) => {
    const quota = await findChangeable(dependencies, request.auth, request.params.guid);
    const message = parseMessage(updateSpaceQuotaMessage, request.body);
    const actor = actorOf(request.auth);
    const updated = await updateSpaceQuota({ db, clock, actor }, quota, message);
    return await present(dependencies, request.auth, updated);
  });

  app.delete<{ Params: { guid: string } }>(`${path}/:guid`, async (request, reply) => {
    const quota = await findChangeable(dependencies, request.auth, request.params.guid);
    if (await isHeld(db, "space", quota.guid)) {
      throw unprocessable(
        "This quota is applied to one or more spaces. Remove this quota from all spaces before deleting.",
      );
    }
    const job = await jobs.enqueue({
      operation: "space_quota.delete",
      payload: { quotaGuid: quota.guid },
      resource: { guid: quota.guid, type: "space_quota" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}

function registerSpaces(app: ApiServer, dependencies: QuotaRoutes): void {
  const { db, clock, links, permissions } = dependencies;

  app.post<{ Params: { guid: string } }>(`${path}/:guid/relationships/spaces`, async (request) => {
    const quota = await findChangeable(dependencies, request.auth, request.params.guid);
    const { data: guids } = parseMessage(toManyMessage, request.body);
    const visible = permissions.spaces(request.auth, "space.read");
    const actor = actorOf(request.auth);
    await applySpaceQuota({ db, clock, actor }, quota, { guids, visible });
    const { relationships } = await present(dependencies, request.auth, quota);
    return {
      ...relationships.spaces,
      links: { self: links.to(`${path}/${quota.guid}/relationships/spaces`) },
    };
  });

  app.delete<{ Params: { guid: string; spaceGuid: string } }>(
    `${path}/:guid/relationships/spaces/:spaceGuid`,
    async (request, reply) => {
      const { guid, spaceGuid } = request.params;
      const quota = await findChangeable(dependencies, request.auth, guid);
      const actor = actorOf(request.auth);
      await removeSpaceQuota({ db, clock, actor }, quota, spaceGuid);
      return await reply.status(204).send();
    },
  );
}

/** Who has a role in a space sees its quota; an organization's managers all of its quotas. */
function visibleQuotas({ db, permissions }: QuotaRoutes, auth: AuthContext) {
  const query = db.selectFrom("spaceQuotas").selectAll("spaceQuotas");
  const spaces = permissions.spaces(auth, "space.member");
  const organizations = permissions.organizations(auth, "organization.update");
  if (spaces === undefined || organizations === undefined) return query;
  return query.where((eb) =>
    eb.or([
      eb("spaceQuotas.organizationGuid", "in", organizations),
      eb(
        "spaceQuotas.guid",
        "in",
        eb
          .selectFrom("spaces as seen")
          .select((space) => space.ref("seen.quotaGuid").$notNull().as("guid"))
          .where("seen.quotaGuid", "is not", null)
          .where("seen.guid", "in", spaces),
      ),
    ]),
  );
}

async function findVisible(
  dependencies: QuotaRoutes,
  auth: AuthContext,
  guid: string,
): Promise<SpaceQuota> {
  const quota = await visibleQuotas(dependencies, auth)
    .where("spaceQuotas.guid", "=", guid)
    .executeTakeFirst();
  if (quota === undefined) throw notFound("Space quota");
  return quota;
}

async function findChangeable(
  dependencies: QuotaRoutes,
  auth: AuthContext,
  guid: string,
): Promise<SpaceQuota> {
  const quota = await findVisible(dependencies, auth, guid);
  await requireManager(dependencies.permissions, auth, quota.organizationGuid);
  return quota;
}

async function requireManager(
  permissions: Permissions,
  auth: AuthContext,
  organizationGuid: string,
): Promise<void> {
  if (!(await permissions.can(auth, "organization.update", { organizationGuid }))) {
    throw new CfError("NotAuthorized");
  }
  await permissions.requireWritable(auth, { organizationGuid });
}

async function present(dependencies: QuotaRoutes, auth: AuthContext, quota: SpaceQuota) {
  const spaceGuids = await visibleSpaces(dependencies, auth, [quota]);
  const { links } = dependencies;
  return presentSpaceQuota(quota, { links, spaceGuids: spaceGuids.get(quota.guid) ?? [] });
}

async function visibleSpaces(
  { db, permissions }: QuotaRoutes,
  auth: AuthContext,
  quotas: readonly SpaceQuota[],
) {
  const visible = permissions.spaces(auth, "space.read");
  return await visibleHolders(db, { holder: "space", quotas, visible });
}
