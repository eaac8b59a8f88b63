import type { Clock } from "#kernel/clock/clock.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { usageSummary } from "../info/usage-summary.ts";
import { isEntitled } from "../isolation-segments/isolation-segment-changes.ts";
import { presentAssignedSegment } from "../isolation-segments/isolation-segment-presenter.ts";
import { assignMessage } from "../isolation-segments/messages.ts";
import { listUsers, parseUserQuery } from "../users/list-users.ts";
import { findOrganization } from "./find-organization.ts";

/** What an organization shows of other resources: its members, usage. */
interface OrganizationRelationRoutes {
  readonly db: Database;
  readonly clock: Clock;
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
    const list = parseUserQuery(request.query);
    await requireReadable(dependencies, request.auth, request.params.guid);
    const { guid } = request.params;
    const members = db
      .selectFrom("users")
      .selectAll("users")
      .where("users.guid", "in", (eb) =>
        eb.selectFrom("roles").select("roles.userGuid").where("roles.organizationGuid", "=", guid),
      );
    return await listUsers(dependencies, members, {
      list,
      path: `/v3/organizations/${guid}/users`,
    });
  });
}

function registerIsolationSegment(app: ApiServer, dependencies: OrganizationRelationRoutes): void {
  const { db, clock, links, permissions } = dependencies;
  const pathOf = (guid: string) =>
    `/v3/organizations/${guid}/relationships/default_isolation_segment`;

  app.get<{ Params: { guid: string } }>(pathOf(":guid"), async (request) => {
    const { guid } = request.params;
    await requireReadable(dependencies, request.auth, guid);
    const organization = await findOrganization(db, guid);
    const segment = organization?.defaultIsolationSegmentGuid ?? null;
    return presentAssignedSegment(links, pathOf(guid), segment);
  });

  app.patch<{ Params: { guid: string } }>(pathOf(":guid"), async (request) => {
    const { guid } = request.params;
    const { data } = parseMessage(assignMessage, request.body);
    await requireReadable(dependencies, request.auth, guid);
    await permissions.require(request.auth, "organization.update", {
      name: "Organization",
      place: { organizationGuid: guid },
      readBy: "organization.read",
    });
    const segment = data?.guid ?? null;
    await db.transaction().execute(async (tx) => {
      if (segment !== null && !(await isEntitled(tx, segment, guid))) {
        throw unprocessable(
          `Unable to assign isolation segment with guid '${segment}'. Ensure it has been entitled to the organization.`,
        );
      }
      if (data === undefined) return;
      await tx
        .updateTable("organizations")
        .set({ ...touched(clock), defaultIsolationSegmentGuid: segment })
        .where("guid", "=", guid)
        .execute();
    });
    return presentAssignedSegment(links, pathOf(guid), segment);
  });
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
