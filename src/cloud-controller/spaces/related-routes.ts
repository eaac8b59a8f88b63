import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { storedBoolean, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { actorOf } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { usageSummary } from "../info/usage-summary.ts";
import { unprocessableQuery } from "../http/unprocessable-query.ts";
import { isEntitled } from "../isolation-segments/isolation-segment-changes.ts";
import { presentAssignedSegment } from "../isolation-segments/isolation-segment-presenter.ts";
import { assignMessage } from "../isolation-segments/messages.ts";
import { presentSecurityGroups } from "../security-groups/visible-security-groups.ts";
import { listUsers, parseUserQuery } from "../users/list-users.ts";
import { permittedSpace } from "./find-space.ts";
import { featureMessage } from "./messages.ts";

interface SpaceRelationRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
}

/** Features, security groups, members and usage of a space. */
export function registerSpaceRelations(app: ApiServer, dependencies: SpaceRelationRoutes): void {
  registerFeatures(app, dependencies);
  registerSecurityGroups(app, dependencies);
  registerReports(app, dependencies);
  registerIsolationSegment(app, dependencies);
}

function registerFeatures(app: ApiServer, dependencies: SpaceRelationRoutes): void {
  const { db, clock } = dependencies;
  app.get<{ Params: { guid: string } }>("/v3/spaces/:guid/features", async (request) => {
    const space = await permittedSpace(
      dependencies,
      request.auth,
      request.params.guid,
      "space.read",
    );
    // Without pagination, as the original answers.
    return { resources: [presentSsh(space.allowSsh)] };
  });

  app.get<{ Params: { guid: string; name: string } }>(
    "/v3/spaces/:guid/features/:name",
    async (request) => {
      const space = await permittedSpace(
        dependencies,
        request.auth,
        request.params.guid,
        "space.read",
      );
      if (request.params.name !== "ssh") throw notFound("Feature");
      return presentSsh(space.allowSsh);
    },
  );

  app.patch<{ Params: { guid: string; name: string } }>(
    "/v3/spaces/:guid/features/:name",
    async (request) => {
      const { enabled } = parseMessage(featureMessage, request.body);
      const { guid, name } = request.params;
      const space = await permittedSpace(dependencies, request.auth, guid, "space.read");
      if (name !== "ssh") throw notFound("Feature");
      await permittedSpace(dependencies, request.auth, guid, "space.update");
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

/** The groups that hold in a space: everywhere, or there alone. */
function registerSecurityGroups(app: ApiServer, dependencies: SpaceRelationRoutes): void {
  const { db, links } = dependencies;

  for (const phase of ["running", "staging"] as const) {
    const column = phase === "running" ? "runningDefault" : "stagingDefault";
    app.get<{ Params: { guid: string } }>(
      `/v3/spaces/:guid/${phase}_security_groups`,
      async (request) => {
        const list = unprocessableQuery(() =>
          parseListQuery(request.query, { filters: ["names"] }),
        );
        const { guid } = await permittedSpace(
          dependencies,
          request.auth,
          request.params.guid,
          "space.read",
        );
        const bound = db
          .selectFrom("securityGroupBindings")
          .select("securityGroupGuid")
          .where("spaceGuid", "=", guid)
          .where("phase", "=", phase);
        let query = db
          .selectFrom("securityGroups")
          .selectAll("securityGroups")
          .where((eb) =>
            eb.or([eb(`securityGroups.${column}`, "=", 1), eb("securityGroups.guid", "in", bound)]),
          );
        const { names } = list.filters;
        if (names !== undefined) {
          query = query.where(isOneOf(sql.ref("security_groups.name"), names));
        }
        const page = await fetchPage(query, list, "securityGroups");
        return presentPage({
          links,
          path: `/v3/spaces/${guid}/${phase}_security_groups`,
          list,
          total: page.total,
          resources: await presentSecurityGroups(dependencies, request.auth, {
            groups: page.rows,
            onlySpace: guid,
          }),
        });
      },
    );
  }
}

function registerReports(app: ApiServer, dependencies: SpaceRelationRoutes): void {
  const { db, links } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/spaces/:guid/users", async (request) => {
    const list = parseUserQuery(request.query);
    const { guid } = await permittedSpace(
      dependencies,
      request.auth,
      request.params.guid,
      "space.read",
    );
    const members = db
      .selectFrom("users")
      .selectAll("users")
      .where("users.guid", "in", (eb) =>
        eb.selectFrom("roles").select("roles.userGuid").where("roles.spaceGuid", "=", guid),
      );
    return await listUsers(dependencies, members, { list, path: `/v3/spaces/${guid}/users` });
  });

  app.get<{ Params: { guid: string } }>("/v3/spaces/:guid/usage_summary", async (request) => {
    const { guid } = await permittedSpace(
      dependencies,
      request.auth,
      request.params.guid,
      "space.read",
    );
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
  const { db, clock, links } = dependencies;
  const pathOf = (guid: string) => `/v3/spaces/${guid}/relationships/isolation_segment`;

  app.get<{ Params: { guid: string } }>(pathOf(":guid"), async (request) => {
    const space = await permittedSpace(
      dependencies,
      request.auth,
      request.params.guid,
      "space.read",
    );
    return presentAssignedSegment(links, pathOf(space.guid), space.isolationSegmentGuid);
  });

  // What runs stays where it is until it is restarted.
  app.patch<{ Params: { guid: string } }>(pathOf(":guid"), async (request) => {
    const space = await permittedSpace(
      dependencies,
      request.auth,
      request.params.guid,
      "space.isolate",
    );
    const { data } = parseMessage(assignMessage, request.body);
    const segment = data?.guid ?? null;
    await db.transaction().execute(async (tx) => {
      if (segment !== null && !(await isEntitled(tx, segment, space.organizationGuid))) {
        throw unprocessable(
          `Unable to assign isolation segment with guid '${segment}'. Ensure it has been entitled to the organization that this space belongs to.`,
        );
      }
      await tx
        .updateTable("spaces")
        .set({ ...touched(clock), isolationSegmentGuid: segment })
        .where("guid", "=", space.guid)
        .execute();
      await recordAuditEvent(tx, clock, {
        type: "audit.space.update",
        actor: actorOf(request.auth),
        target: { guid: space.guid, type: "space", name: space.name },
        spaceGuid: space.guid,
        data: { request: request.body },
      });
    });
    return presentAssignedSegment(links, pathOf(space.guid), segment);
  });
}

function presentSsh(allowed: number) {
  return {
    name: "ssh",
    description: "Enable SSHing into apps in the space.",
    enabled: allowed === 1,
  };
}
