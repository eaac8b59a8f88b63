import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { listOrganizations, organizationListSpec } from "../organizations/list-organizations.ts";
import { findVisibleSegment } from "./find-isolation-segment.ts";
import { entitleOrganizations, revokeEntitlement } from "./isolation-segment-changes.ts";
import { entitleMessage } from "./messages.ts";

interface EntitlementRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
}

const path = "/v3/isolation_segments";

/** Which organizations may use a segment, and which spaces do. */
export function registerEntitlements(app: ApiServer, dependencies: EntitlementRoutes): void {
  registerReading(app, dependencies);
  registerChanges(app, dependencies);
}

function registerReading(app: ApiServer, dependencies: EntitlementRoutes): void {
  const { db, links, permissions } = dependencies;

  app.get<{ Params: { guid: string } }>(`${path}/:guid/organizations`, async (request) => {
    const list = parseListQuery(request.query, organizationListSpec);
    const { guid } = await findVisibleSegment(dependencies, request.auth, request.params.guid);
    return await listOrganizations(dependencies, request.auth, {
      list,
      path: `${path}/${guid}/organizations`,
      isolationSegmentGuid: guid,
    });
  });

  app.get<{ Params: { guid: string } }>(
    `${path}/:guid/relationships/organizations`,
    async (request) => {
      const { guid } = await findVisibleSegment(dependencies, request.auth, request.params.guid);
      return await entitled(dependencies, request.auth, guid);
    },
  );

  app.get<{ Params: { guid: string } }>(`${path}/:guid/relationships/spaces`, async (request) => {
    const { guid } = await findVisibleSegment(dependencies, request.auth, request.params.guid);
    const visible = permissions.spaces(request.auth, "space.read");
    const inSegment = db
      .selectFrom("spaces")
      .select("guid")
      .where("isolationSegmentGuid", "=", guid)
      .orderBy("id");
    const data = await (
      visible === undefined ? inSegment : inSegment.where("guid", "in", visible)
    ).execute();
    return { data, links: { self: links.to(`${path}/${guid}/relationships/spaces`) } };
  });
}

function registerChanges(app: ApiServer, dependencies: EntitlementRoutes): void {
  const { db } = dependencies;

  app.post<{ Params: { guid: string } }>(
    `${path}/:guid/relationships/organizations`,
    async (request) => {
      if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
      const segment = await findVisibleSegment(dependencies, request.auth, request.params.guid);
      const { data: guids } = parseMessage(entitleMessage, request.body);
      await entitleOrganizations(dependencies, segment, guids);
      return await entitled(dependencies, request.auth, segment.guid);
    },
  );

  app.delete<{ Params: { guid: string; organizationGuid: string } }>(
    `${path}/:guid/relationships/organizations/:organizationGuid`,
    async (request, reply) => {
      if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
      const { guid, organizationGuid } = request.params;
      const segment = await findVisibleSegment(dependencies, request.auth, guid);
      const organization = await db
        .selectFrom("organizations")
        .select(["guid", "defaultIsolationSegmentGuid"])
        .where("guid", "=", organizationGuid)
        .executeTakeFirst();
      if (organization === undefined) throw notFound("Org");
      await revokeEntitlement(db, segment, organization);
      return await reply.status(204).send();
    },
  );
}

async function entitled(
  { db, links, permissions }: EntitlementRoutes,
  auth: AuthContext,
  guid: string,
) {
  const visible = permissions.organizations(auth, "organization.read");
  const organizations = db
    .selectFrom("organizations")
    .innerJoin(
      "isolationSegmentEntitlements as entitled",
      "entitled.organizationGuid",
      "organizations.guid",
    )
    .select("organizations.guid")
    .where("entitled.isolationSegmentGuid", "=", guid)
    .orderBy("organizations.id");
  const data = await (
    visible === undefined ? organizations : organizations.where("organizations.guid", "in", visible)
  ).execute();
  return {
    data,
    links: {
      self: links.to(`${path}/${guid}/relationships/organizations`),
      related: links.to(`${path}/${guid}/organizations`),
    },
  };
}
