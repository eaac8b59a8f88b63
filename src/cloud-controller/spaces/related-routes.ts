import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { storedBoolean, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, presentAll, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { usageSummary } from "../info/usage-summary.ts";
import { noMetadata } from "../metadata/metadata.ts";
import { presentSecurityGroup } from "../security-groups/security-group-presenter.ts";
import { presentUser } from "../users/user-presenter.ts";
import { findSpace } from "./find-space.ts";
import { featureMessage } from "./messages.ts";
import type { Space } from "./space-table.ts";

interface SpaceRelationRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
}

const isolationSegmentMessage = z.strictObject({
  data: z.strictObject({ guid: z.string() }).nullable(),
});

/** Features, security groups, members and usage of a space. */
export function registerSpaceRelations(app: ApiServer, dependencies: SpaceRelationRoutes): void {
  registerFeatures(app, dependencies);
  registerReports(app, dependencies);
  registerIsolationSegment(app, dependencies);
}

function registerFeatures(app: ApiServer, dependencies: SpaceRelationRoutes): void {
  const { db, clock, links } = dependencies;
  app.get<{ Params: { guid: string } }>("/v3/spaces/:guid/features", async (request) => {
    const space = await permitted(dependencies, request.auth, request.params.guid, "space.read");
    return presentAll(links, `/v3/spaces/${space.guid}/features`, [presentSsh(space.allowSsh)]);
  });

  app.get<{ Params: { guid: string; name: string } }>(
    "/v3/spaces/:guid/features/:name",
    async (request) => {
      const space = await permitted(dependencies, request.auth, request.params.guid, "space.read");
      if (request.params.name !== "ssh") throw notFound("Feature");
      return presentSsh(space.allowSsh);
    },
  );

  app.patch<{ Params: { guid: string; name: string } }>(
    "/v3/spaces/:guid/features/:name",
    async (request) => {
      const { enabled } = parseMessage(featureMessage, request.body);
      const space = await permitted(
        dependencies,
        request.auth,
        request.params.guid,
        "space.update",
      );
      if (request.params.name !== "ssh") throw notFound("Feature");
      const allowSsh = storedBoolean(enabled);
      await db
        .updateTable("spaces")
        .set({ ...touched(clock), allowSsh })
        .where("guid", "=", space.guid)
        .execute();
      return presentSsh(allowSsh);
    },
  );
}

function registerReports(app: ApiServer, dependencies: SpaceRelationRoutes): void {
  const { db, links } = dependencies;

  for (const phase of ["running", "staging"] as const) {
    const column = phase === "running" ? "runningDefault" : "stagingDefault";
    app.get<{ Params: { guid: string } }>(
      `/v3/spaces/:guid/${phase}_security_groups`,
      async (request) => {
        const list = parseListQuery(request.query, { filters: ["names"] });
        const { guid } = await permitted(
          dependencies,
          request.auth,
          request.params.guid,
          "space.read",
        );
        const query = db
          .selectFrom("securityGroups")
          .selectAll("securityGroups")
          .where(column, "=", 1);
        const page = await fetchPage(query, list, "securityGroups");
        return presentPage({
          links,
          path: `/v3/spaces/${guid}/${phase}_security_groups`,
          list,
          total: page.total,
          resources: page.rows.map((row) => presentSecurityGroup(row, links)),
        });
      },
    );
  }

  app.get<{ Params: { guid: string } }>("/v3/spaces/:guid/users", async (request) => {
    const list = parseListQuery(request.query, { filters: ["usernames", "origins"], labels: true });
    const { guid } = await permitted(dependencies, request.auth, request.params.guid, "space.read");
    const query = db
      .selectFrom("users")
      .selectAll("users")
      .where("users.guid", "in", (eb) =>
        eb.selectFrom("roles").select("roles.userGuid").where("roles.spaceGuid", "=", guid),
      );
    const page = await fetchPage(query, list, "users", "user");
    return presentPage({
      links,
      path: `/v3/spaces/${guid}/users`,
      list,
      total: page.total,
      resources: page.rows.map((row) => presentUser(row, { links, metadata: noMetadata })),
    });
  });

  app.get<{ Params: { guid: string } }>("/v3/spaces/:guid/usage_summary", async (request) => {
    const { guid } = await permitted(dependencies, request.auth, request.params.guid, "space.read");
    return {
      usage_summary: await usageSummary(db, { spaceGuid: guid }),
      links: {
        self: links.to(`/v3/spaces/${guid}/usage_summary`),
        space: links.to(`/v3/spaces/${guid}`),
      },
    };
  });
}

function registerIsolationSegment(app: ApiServer, dependencies: SpaceRelationRoutes): void {
  const { links } = dependencies;

  // Isolation segments are not offered: no space has one, and none can be given one.
  const isolation = "/v3/spaces/:guid/relationships/isolation_segment";
  app.get<{ Params: { guid: string } }>(isolation, async (request) => {
    const { guid } = await permitted(dependencies, request.auth, request.params.guid, "space.read");
    return noIsolationSegment(guid);
  });
  app.patch<{ Params: { guid: string } }>(isolation, async (request) => {
    const message = parseMessage(isolationSegmentMessage, request.body);
    const { guid } = await permitted(
      dependencies,
      request.auth,
      request.params.guid,
      "space.update",
    );
    if (message.data !== null) {
      throw unprocessable(
        `Unable to assign isolation segment with guid '${message.data.guid}'. Ensure it has been entitled to the organization that this space belongs to.`,
      );
    }
    return noIsolationSegment(guid);
  });

  function noIsolationSegment(guid: string) {
    const self = `/v3/spaces/${guid}/relationships/isolation_segment`;
    return { data: null, links: { self: links.to(self) } };
  }
}

async function permitted(
  { db, permissions }: SpaceRelationRoutes,
  auth: AuthContext,
  guid: string,
  action: Action,
): Promise<Space> {
  const space = await findSpace(db, guid);
  if (space === undefined) throw notFound("Space");
  await permissions.require(auth, action, { name: "Space", place: { spaceGuid: guid } });
  return space;
}

function presentSsh(allowed: number) {
  return {
    name: "ssh",
    description: "Enable SSHing into apps in the space.",
    enabled: allowed === 1,
  };
}
