import { z } from "zod";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { usageSummary } from "../info/usage-summary.ts";
import { noMetadata } from "../metadata/metadata.ts";
import { presentUser } from "../users/user-presenter.ts";

const isolationSegmentMessage = z.strictObject({
  data: z.strictObject({ guid: z.string() }).nullable(),
});

/** What an organization shows of other resources: its members, usage. */
interface OrganizationRelationRoutes {
  readonly db: Database;
  readonly links: Links;
  readonly permissions: Permissions;
}

export function registerOrganizationRelations(
  app: ApiServer,
  dependencies: OrganizationRelationRoutes,
): void {
  registerReports(app, dependencies);
  registerIsolationSegment(app, dependencies);
}

function registerReports(app: ApiServer, dependencies: OrganizationRelationRoutes): void {
  const { db, links } = dependencies;

  app.get<{ Params: { guid: string } }>(
    "/v3/organizations/:guid/usage_summary",
    async (request) => {
      const { guid } = request.params;
      await requireReadable(dependencies, request.auth, guid);
      return {
        usage_summary: await usageSummary(db, { organizationGuid: guid }),
        links: {
          self: links.to(`/v3/organizations/${guid}/usage_summary`),
          organization: links.to(`/v3/organizations/${guid}`),
        },
      };
    },
  );

  app.get<{ Params: { guid: string } }>("/v3/organizations/:guid/users", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, { filters: ["usernames", "origins"], labels: true });
    await requireReadable(dependencies, request.auth, guid);
    const query = db
      .selectFrom("users")
      .selectAll("users")
      .where("users.guid", "in", (eb) =>
        eb.selectFrom("roles").select("roles.userGuid").where("roles.organizationGuid", "=", guid),
      );
    const page = await fetchPage(query, list, "users", "user");
    return presentPage({
      links,
      path: `/v3/organizations/${guid}/users`,
      list,
      total: page.total,
      resources: page.rows.map((row) => presentUser(row, { links, metadata: noMetadata })),
    });
  });
}

function registerIsolationSegment(app: ApiServer, dependencies: OrganizationRelationRoutes): void {
  const { permissions } = dependencies;

  // Isolation segments are not offered: no organization has a default one, and none can be given one.
  const isolation = "/v3/organizations/:guid/relationships/default_isolation_segment";
  app.get<{ Params: { guid: string } }>(isolation, async (request) => {
    await requireReadable(dependencies, request.auth, request.params.guid);
    return noIsolationSegment(dependencies, request.params.guid);
  });
  app.patch<{ Params: { guid: string } }>(isolation, async (request) => {
    const message = parseMessage(isolationSegmentMessage, request.body);
    await permissions.require(request.auth, "organization.update", {
      name: "Organization",
      place: { organizationGuid: request.params.guid },
      readBy: "organization.read",
    });
    if (message.data !== null) {
      throw unprocessable(
        `Unable to assign isolation segment with guid '${message.data.guid}'. Ensure it has been entitled to the organization.`,
      );
    }
    return noIsolationSegment(dependencies, request.params.guid);
  });
}

function noIsolationSegment({ links }: OrganizationRelationRoutes, guid: string) {
  const self = `/v3/organizations/${guid}/relationships/default_isolation_segment`;
  return { data: null, links: { self: links.to(self) } };
}

async function requireReadable(
  { db, permissions }: OrganizationRelationRoutes,
  auth: AuthContext,
  guid: string,
): Promise<void> {
  const row = await db
    .selectFrom("organizations")
    .select("guid")
    .where("guid", "=", guid)
    .executeTakeFirst();
  if (row === undefined) throw notFound("Organization");
  await permissions.require(auth, "organization.read", {
    name: "Organization",
    place: { organizationGuid: guid },
    readBy: "organization.read",
  });
}
