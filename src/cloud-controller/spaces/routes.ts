import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { isNamed } from "../database/name-key.ts";
import type { Database } from "../database/schema.ts";
import { actorOf } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, parseShowQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentOrganizations } from "../organizations/included-organizations.ts";
import { permittedSpace } from "./find-space.ts";
import { createSpaceMessage, updateSpaceMessage } from "./messages.ts";
import { createSpace, updateSpace } from "./space-changes.ts";
import { requestSpaceDelete } from "./space-delete.ts";
import { presentSpace } from "./space-presenter.ts";
import type { Space } from "./space-table.ts";

interface SpaceRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
}

export function registerSpaces(app: ApiServer, dependencies: SpaceRoutes): void {
  registerList(app, dependencies);
  registerCreation(app, dependencies);
  registerSingle(app, dependencies);
  registerDeletion(app, dependencies);
}

function registerList(app: ApiServer, dependencies: SpaceRoutes): void {
  const { db, links, permissions } = dependencies;

  app.get("/v3/spaces", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["names", "organization_guids"],
      orderBy: { name: "name" },
      labels: true,
      include: ["org", "organization"],
    });
    const visible = permissions.spaces(request.auth, "space.read");
    let query = db.selectFrom("spaces").selectAll("spaces");
    if (visible !== undefined) query = query.where("spaces.guid", "in", visible);
    const { names, organization_guids: organizations } = list.filters;
    if (names !== undefined) query = query.where(isNamed("spaces.nameKey", names));
    if (organizations !== undefined) {
      query = query.where(isOneOf(sql.ref("spaces.organization_guid"), organizations));
    }
    const page = await fetchPage(query, list, "spaces", "space");
    const metadata = await loadMetadata(
      db,
      "space",
      page.rows.map((row) => row.guid),
    );
    const document = presentPage({
      links,
      path: "/v3/spaces",
      list,
      total: page.total,
      resources: page.rows.map((row) =>
        presentSpace(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
      ),
    });
    if (list.include.length === 0) return document;
    const owners = page.rows.map((row) => row.organizationGuid);
    return {
      ...document,
      included: { organizations: await presentOrganizations(db, links, owners) },
    };
  });
}

function registerCreation(app: ApiServer, dependencies: SpaceRoutes): void {
  const { db, clock, permissions } = dependencies;

  app.post("/v3/spaces", async (request, reply) => {
    const message = parseMessage(createSpaceMessage, request.body);
    const organizationGuid = message.relationships.organization.data.guid;
    const place = { organizationGuid };
    const organization = await db
      .selectFrom("organizations")
      .select("guid")
      .where("guid", "=", organizationGuid)
      .executeTakeFirst();
    if (
      organization === undefined ||
      !(await permissions.can(request.auth, "organization.read", place))
    ) {
      throw unprocessable(
        "Invalid organization. Ensure the organization exists and you have access to it.",
      );
    }
    await permissions.require(request.auth, "organization.update", {
      name: "Organization",
      place,
      readBy: "organization.read",
    });
    const space = await createSpace({ db, clock, auth: request.auth }, message);
    return await reply.status(201).send(await present(dependencies, space));
  });
}

function registerSingle(app: ApiServer, dependencies: SpaceRoutes): void {
  const { db, clock, links } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/spaces/:guid", async (request) => {
    const space = await permittedSpace(
      dependencies,
      request.auth,
      request.params.guid,
      "space.read",
    );
    const { include } = parseShowQuery(request.query, { include: ["org", "organization"] });
    const document = await present(dependencies, space);
    if (include.length === 0) return document;
    const owners = [space.organizationGuid];
    return {
      ...document,
      included: { organizations: await presentOrganizations(db, links, owners) },
    };
  });

  app.patch<{ Params: { guid: string } }>("/v3/spaces/:guid", async (request) => {
    const { auth, params } = request;
    const space = await permittedSpace(dependencies, auth, params.guid, "space.update");
    const message = parseMessage(updateSpaceMessage, request.body);
    const { organizationGuid } = space;
    if (
      message.suspended !== undefined &&
      !(await dependencies.permissions.can(auth, "organization.update", { organizationGuid }))
    ) {
      throw new CfError("NotAuthorized");
    }
    return await present(dependencies, await updateSpace({ db, clock, auth }, space, message));
  });
}

function registerDeletion(app: ApiServer, dependencies: SpaceRoutes): void {
  const { db, clock, links, jobs } = dependencies;

  app.delete<{ Params: { guid: string } }>("/v3/spaces/:guid", async (request, reply) => {
    const { auth, params } = request;
    const space = await permittedSpace(dependencies, auth, params.guid, "space.delete");
    const job = await requestSpaceDelete({ db, clock, jobs }, space, auth);
    return await acceptJob(reply, links, job);
  });

  app.delete<{ Params: { guid: string } }>("/v3/spaces/:guid/routes", async (request, reply) => {
    refuseMassDelete(request.query);
    const space = await permittedSpace(
      dependencies,
      request.auth,
      request.params.guid,
      "routes.manage",
    );
    const job = await jobs.enqueue({
      operation: "space.delete_unmapped_routes",
      payload: { spaceGuid: space.guid },
      resource: { guid: space.guid, type: "space" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}

/** All routes of a space at once, mapped ones too, are not to be deleted by an oversight. */
function refuseMassDelete(query: unknown): void {
  const { unmapped, ...others } = Object(query) as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(others).map((key) => `'${key}'`);
  if (unknown.length > 0) throw unprocessable(`Unknown field(s): ${unknown.join(", ")}`);
  const hint = "Use 'unmapped=true' parameter to delete all unmapped routes.";
  if (unmapped === undefined) {
    throw unprocessable(
      `Unmapped can't be blank, Mass delete not supported for routes. ${hint}, Unmapped must be a boolean`,
    );
  }
  if (unmapped === "") throw unprocessable("Unmapped can't be blank, Unmapped must be a boolean");
  if (unmapped === "false")
    throw unprocessable(`Mass delete not supported for mapped routes. ${hint}`);
  if (unmapped !== "true") throw unprocessable("Unmapped must be a boolean");
}

async function present({ db, links }: SpaceRoutes, space: Space) {
  const metadata = await loadMetadata(db, "space", [space.guid]);
  return presentSpace(space, { links, metadata: metadata.get(space.guid) ?? noMetadata });
}
