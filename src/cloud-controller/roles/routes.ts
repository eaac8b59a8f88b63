import { sql, type Selectable } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, parseShowQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { unprocessableQuery } from "../http/unprocessable-query.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentOrganizations } from "../organizations/included-organizations.ts";
import { includedSpaces } from "../spaces/included-spaces.ts";
import type { UaaUsers } from "../users/uaa-users.ts";
import { presentUser } from "../users/user-presenter.ts";
import { createRoleMessage } from "./messages.ts";
import { createRole } from "./role-create.ts";
import { refuseOrphanedSpaceRoles } from "./role-delete.ts";
import { presentRole } from "./role-presenter.ts";
import type { RoleTable } from "./role-table.ts";

interface RoleRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
  readonly uaaUsers: UaaUsers | undefined;
}

export function registerRoles(app: ApiServer, dependencies: RoleRoutes): void {
  registerList(app, dependencies);
  registerSingle(app, dependencies);
}

function registerList(app: ApiServer, dependencies: RoleRoutes): void {
  const { links } = dependencies;

  app.get("/v3/roles", async (request) => {
    const list = unprocessableQuery(() =>
      parseListQuery(byAge(request.query), {
        filters: ["organization_guids", "space_guids", "user_guids", "types"],
        include: ["user", "organization", "space"],
      }),
    );
    let query = visibleRoles(dependencies, request.auth);
    const columns = {
      types: "type",
      space_guids: "space_guid",
      organization_guids: "organization_guid",
      user_guids: "user_guid",
    };
    for (const [filter, column] of Object.entries(columns)) {
      const values = list.filters[filter];
      if (values !== undefined) query = query.where(isOneOf(sql.ref(`roles.${column}`), values));
    }
    const page = await fetchPage(query, list, "roles");
    const document = presentPage({
      links,
      path: "/v3/roles",
      list,
      total: page.total,
      resources: page.rows.map((row) => presentRole(row, links)),
    });
    if (list.include.length === 0) return document;
    return { ...document, included: await included(dependencies, list.include, page.rows) };
  });
}

function registerSingle(app: ApiServer, dependencies: RoleRoutes): void {
  const { db, links, permissions, jobs } = dependencies;

  app.post("/v3/roles", async (request, reply) => {
    const message = parseMessage(createRoleMessage, request.body);
    const role = await createRole(dependencies, request.auth, {
      message,
      body: request.body,
    });
    return await reply.status(201).send(presentRole(role, links));
  });

  app.get<{ Params: { guid: string } }>("/v3/roles/:guid", async (request) => {
    const { include } = unprocessableQuery(() =>
      parseShowQuery(request.query, { include: ["user", "organization", "space"] }),
    );
    const role = await visible(dependencies, request.auth, request.params.guid);
    if (include.length === 0) return presentRole(role, links);
    return {
      ...presentRole(role, links),
      included: await included(dependencies, include, [role]),
    };
  });

  app.delete<{ Params: { guid: string } }>("/v3/roles/:guid", async (request, reply) => {
    const role = await visible(dependencies, request.auth, request.params.guid);
    await requireChangeable(permissions, request.auth, role);
    await refuseOrphanedSpaceRoles(db, role);
    const job = await jobs.enqueue({
      operation: "role.delete",
      payload: { roleGuid: role.guid },
      resource: { guid: role.guid, type: "role" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}

async function requireChangeable(
  permissions: Permissions,
  auth: AuthContext,
  { spaceGuid, organizationGuid }: Selectable<RoleTable>,
): Promise<void> {
  const place = spaceGuid === null ? { organizationGuid: organizationGuid ?? "" } : { spaceGuid };
  const action = spaceGuid === null ? "organization.update" : "space.update";
  if (!(await permissions.can(auth, action, place))) throw new CfError("NotAuthorized");
  await permissions.requireWritable(auth, place);
}

/** The one list that names its order where the request names none, so that its links do. */
function byAge(query: unknown): unknown {
  return { order_by: "created_at", ...Object(query) };
}

function visibleRoles({ db, permissions }: RoleRoutes, auth: AuthContext) {
  const query = db.selectFrom("roles").selectAll("roles");
  const organizations = permissions.organizations(auth, "organization.read");
  const spaces = permissions.spaces(auth, "space.read");
  if (organizations === undefined || spaces === undefined) return query;
  return query.where((eb) =>
    eb.or([eb("roles.organizationGuid", "in", organizations), eb("roles.spaceGuid", "in", spaces)]),
  );
}

async function visible(
  dependencies: RoleRoutes,
  auth: AuthContext,
  guid: string,
): Promise<Selectable<RoleTable>> {
  const role = await visibleRoles(dependencies, auth)
    .where("roles.guid", "=", guid)
    .executeTakeFirst();
  if (role === undefined) throw notFound("Role");
  return role;
}

async function included(
  dependencies: RoleRoutes,
  include: readonly string[],
  roles: readonly Selectable<RoleTable>[],
): Promise<Record<string, unknown>> {
  const { db, links } = dependencies;
  const spaceGuids = roles.flatMap((role) => role.spaceGuid ?? []);
  const organizationGuids = roles.flatMap((role) => role.organizationGuid ?? []);
  const userGuids = roles.map((role) => role.userGuid);
  return {
    ...(include.includes("user") ? { users: await includedUsers(dependencies, userGuids) } : {}),
    ...(include.includes("space")
      ? await includedSpaces(db, links, { include: ["space"], spaceGuids })
      : {}),
    ...(include.includes("organization")
      ? { organizations: await presentOrganizations(db, links, organizationGuids) }
      : {}),
  };
}

async function includedUsers({ db, links }: RoleRoutes, guids: readonly string[]) {
  const rows = await db
    .selectFrom("users")
    .selectAll()
    .where(isOneOf(sql.ref("users.guid"), [...new Set(guids)]))
    .orderBy("id")
    .execute();
  const metadata = await loadMetadata(
    db,
    "user",
    rows.map((row) => row.guid),
  );
  return rows.map((row) =>
    presentUser(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
  );
}
