import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { isUniqueViolation, newRecord, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata, noMetadata, updateMetadata } from "../metadata/metadata.ts";
import { presentOrganizations } from "../organizations/included-organizations.ts";
import { findSpace } from "./find-space.ts";
import { createSpaceMessage, updateSpaceMessage } from "./messages.ts";
import { recordSpaceEvent } from "./space-event.ts";
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
    if (names !== undefined) query = query.where(isOneOf(sql.ref("spaces.name"), names));
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
    const space = await db.transaction().execute(async (tx) => {
      const created = await tx
        .insertInto("spaces")
        .values({ ...newRecord(clock), name: message.name, organizationGuid, allowSsh: 1 })
        .returningAll()
        .executeTakeFirstOrThrow()
        .catch(nameTaken);
      await updateMetadata(tx, { type: "space", guid: created.guid }, message.metadata);
      await recordSpaceEvent(tx, clock, {
        type: "audit.space.create",
        space: created,
        auth: request.auth,
        request: message,
      });
      return created;
    });
    return await reply.status(201).send(await present(dependencies, space));
  });
}

function registerSingle(app: ApiServer, dependencies: SpaceRoutes): void {
  const { db, clock, links, jobs } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/spaces/:guid", async (request) => {
    const list = parseListQuery(request.query, { filters: [], include: ["org", "organization"] });
    const space = await permitted(dependencies, request.auth, request.params.guid, "space.read");
    const document = await present(dependencies, space);
    if (list.include.length === 0) return document;
    const owners = [space.organizationGuid];
    return {
      ...document,
      included: { organizations: await presentOrganizations(db, links, owners) },
    };
  });

  app.patch<{ Params: { guid: string } }>("/v3/spaces/:guid", async (request) => {
    const message = parseMessage(updateSpaceMessage, request.body);
    const space = await permitted(dependencies, request.auth, request.params.guid, "space.update");
    await db.transaction().execute(async (tx) => {
      await tx
        .updateTable("spaces")
        .set({ ...touched(clock), ...(message.name === undefined ? {} : { name: message.name }) })
        .where("guid", "=", space.guid)
        .execute()
        .catch(nameTaken);
      await updateMetadata(tx, { type: "space", guid: space.guid }, message.metadata);
      await recordSpaceEvent(tx, clock, {
        type: "audit.space.update",
        space: { ...space, name: message.name ?? space.name },
        auth: request.auth,
        request: message,
      });
    });
    return await present(
      dependencies,
      await permitted(dependencies, request.auth, space.guid, "space.read"),
    );
  });

  app.delete<{ Params: { guid: string } }>("/v3/spaces/:guid", async (request, reply) => {
    const space = await permitted(dependencies, request.auth, request.params.guid, "space.delete");
    const job = await db.transaction().execute(async (tx) => {
      await recordSpaceEvent(tx, clock, {
        type: "audit.space.delete-request",
        space,
        auth: request.auth,
        request: { recursive: true },
      });
      return await jobs.insert(tx, {
        operation: "space.delete",
        payload: { spaceGuid: space.guid },
        resource: { guid: space.guid, type: "space" },
        userGuid: request.auth.userGuid,
      });
    });
    jobs.activate();
    return await acceptJob(reply, links, job);
  });

  app.delete<{ Params: { guid: string } }>("/v3/spaces/:guid/routes", async (request, reply) => {
    const { unmapped } = parseListQuery(request.query, { filters: [], extra: ["unmapped"] }).raw;
    if (unmapped !== "true") {
      throw new CfError(
        "UnprocessableEntity",
        "Mass delete not supported for routes. Use 'unmapped' parameter to delete all unmapped routes.",
      );
    }
    const space = await permitted(dependencies, request.auth, request.params.guid, "routes.manage");
    const job = await jobs.enqueue({
      operation: "space.delete_unmapped_routes",
      payload: { spaceGuid: space.guid },
      resource: { guid: space.guid, type: "space" },
      userGuid: request.auth.userGuid,
    });
    return await acceptJob(reply, links, job);
  });
}

async function permitted(
  { db, permissions }: SpaceRoutes,
  auth: AuthContext,
  guid: string,
  action: Action,
): Promise<Space> {
  const space = await findSpace(db, guid);
  if (space === undefined) throw notFound("Space");
  await permissions.require(auth, action, { name: "Space", place: { spaceGuid: guid } });
  return space;
}

async function present({ db, links }: SpaceRoutes, space: Space) {
  const metadata = await loadMetadata(db, "space", [space.guid]);
  return presentSpace(space, { links, metadata: metadata.get(space.guid) ?? noMetadata });
}

function nameTaken(error: unknown): never {
  throw isUniqueViolation(error) ? unprocessable("Name must be unique per organization") : error;
}
