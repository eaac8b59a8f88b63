import { sql } from "kysely";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import { findDomain, findVisibleDomain } from "../domains/find-domain.ts";
import { presentDomain } from "../domains/domain-presenter.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import { acceptJob } from "../jobs/routes.ts";
import { loadMetadata, noMetadata, updateMetadata } from "../metadata/metadata.ts";
import { includedSpaces } from "../spaces/included-spaces.ts";
import { findApp } from "../apps/find-app.ts";
import { toRoute, type Route } from "./find-route.ts";
import { createRouteMessage, updateRouteMessage, type CreateRoute } from "./messages.ts";
import { permittedRoute, presentRoutes, type RouteRoutes } from "./route-access.ts";
import { createRoute } from "./route-create.ts";

const listSpec = {
  filters: [
    "app_guids",
    "space_guids",
    "organization_guids",
    "domain_guids",
    "hosts",
    "paths",
    "ports",
    "service_instance_guids",
  ],
  labels: true,
  include: ["domain", "space", "space.organization"],
};

export function registerRoutes(app: ApiServer, dependencies: RouteRoutes): void {
  registerLists(app, dependencies);
  registerCreation(app, dependencies);
  registerSingle(app, dependencies);
}

function registerLists(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, permissions } = dependencies;

  app.get("/v3/routes", async (request) => {
    const list = parseListQuery(request.query, listSpec);
    return await presentList(dependencies, request.auth, { list, path: "/v3/routes" });
  });

  app.get<{ Params: { guid: string } }>("/v3/apps/:guid/routes", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, listSpec);
    const owner = await findApp(db, guid);
    if (owner === undefined) throw notFound("App");
    const place = { spaceGuid: owner.spaceGuid };
    await permissions.require(request.auth, "space.read", { name: "App", place });
    const path = `/v3/apps/${guid}/routes`;
    return await presentList(dependencies, request.auth, { list, path, appGuid: guid });
  });
}

async function presentList(
  dependencies: RouteRoutes,
  auth: AuthContext,
  {
    list,
    path,
    appGuid,
  }: { readonly list: ListQuery; readonly path: string; readonly appGuid?: string },
) {
  const { db, links, permissions } = dependencies;
  const visible = permissions.spaces(auth, "routes.read");
  const { app_guids, organization_guids, ports } = list.filters;
  let query = db
    .selectFrom("routes")
    .selectAll("routes")
    .select((eb) =>
      eb
        .selectFrom("domains")
        .select("domains.name")
        .whereRef("domains.guid", "=", "routes.domainGuid")
        .$asScalar()
        .$notNull()
        .as("domainName"),
    );
  if (visible !== undefined) query = query.where("routes.spaceGuid", "in", visible);
  const columns = {
    space_guids: "spaceGuid",
    domain_guids: "domainGuid",
    hosts: "host",
    paths: "path",
  };
  for (const [filter, column] of Object.entries(columns)) {
    const values = list.filters[filter];
    if (values !== undefined) query = query.where(isOneOf(sql.ref(`routes.${column}`), values));
  }
  if (organization_guids !== undefined) {
    query = query.where("routes.spaceGuid", "in", (eb) =>
      eb
        .selectFrom("spaces")
        .select("spaces.guid")
        .where(isOneOf(sql.ref("spaces.organizationGuid"), organization_guids)),
    );
  }
  const apps = appGuid === undefined ? app_guids : [appGuid];
  if (apps !== undefined) {
    query = query.where("routes.guid", "in", (eb) =>
      eb
        .selectFrom("destinations")
        .select("destinations.routeGuid")
        .where(isOneOf(sql.ref("destinations.appGuid"), apps)),
    );
  }
  // There are no TCP routes and no route services: a filter by either finds nothing.
  if (ports !== undefined || list.filters["service_instance_guids"] !== undefined) {
    query = query.where(sql<boolean>`1 = 0`);
  }
  const page = await fetchPage(query, list, "routes", "route");
  const routes = page.rows.map(toRoute);
  const document = presentPage({
    links,
    path,
    list,
    total: page.total,
    resources: await presentRoutes(dependencies, routes),
  });
  if (list.include.length === 0) return document;
  return { ...document, included: await included(dependencies, list.include, routes) };
}

async function included(
  { db, links }: RouteRoutes,
  include: readonly string[],
  routes: readonly Route[],
): Promise<Record<string, unknown>> {
  const spaceGuids = routes.map((route) => route.spaceGuid);
  const spaces = await includedSpaces(db, links, { include, spaceGuids });
  if (!include.includes("domain")) return spaces;
  const rows = await db
    .selectFrom("domains")
    .selectAll()
    .where(
      isOneOf(
        sql.ref("domains.guid"),
        routes.map((route) => route.domainGuid),
      ),
    )
    .execute();
  const metadata = await loadMetadata(
    db,
    "domain",
    rows.map((row) => row.guid),
  );
  const domains = rows.map((row) =>
    presentDomain(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
  );
  return { ...spaces, domains };
}

function registerCreation(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock } = dependencies;
  app.post("/v3/routes", async (request, reply) => {
    const message = parseMessage(createRouteMessage, request.body);
    await requireCreatable(dependencies, request.auth, message);
    const { space, domain } = message.relationships;
    const route = await db.transaction().execute(async (tx) => {
      const found = await findDomain(tx, domain.data.guid);
      if (found === undefined) throw notFound("Domain");
      return await createRoute(
        tx,
        { clock, actor: actorOf(request.auth) },
        {
          spaceGuid: space.data.guid,
          domain: found,
          host: message.host ?? "",
          path: message.path ?? "",
          options: definedOptions(message.options ?? {}),
          metadata: message.metadata,
          mayUseWildcard: request.auth.isAdmin,
        },
      );
    });
    const [document] = await presentRoutes(dependencies, [route]);
    return await reply.status(201).send(document);
  });
}

async function requireCreatable(
  { db, permissions }: RouteRoutes,
  auth: AuthContext,
  { relationships, port }: CreateRoute,
): Promise<void> {
  const place = { spaceGuid: relationships.space.data.guid };
  const space = await db
    .selectFrom("spaces")
    .select("guid")
    .where("guid", "=", place.spaceGuid)
    .executeTakeFirst();
  if (space === undefined || !(await permissions.can(auth, "routes.read", place))) {
    throw unprocessable("Invalid space. Ensure that the space exists and you have access to it.");
  }
  const domain = await findVisibleDomain({ db, permissions }, auth, relationships.domain.data.guid);
  if (domain === undefined) {
    throw unprocessable("Invalid domain. Ensure that the domain exists and you have access to it.");
  }
  await permissions.require(auth, "routes.manage", {
    name: "Space",
    place,
    readBy: "routes.read",
  });
  if (!auth.isAdmin) await requireEnabled(db, "route_creation");
  if (port !== undefined && port !== 0) {
    throw unprocessable("Ports are not supported for HTTP routes.");
  }
}

function registerSingle(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock, links, jobs } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/routes/:guid", async (request) => {
    const list = parseListQuery(request.query, { filters: [], include: listSpec.include });
    const route = await permittedRoute(
      dependencies,
      request.auth,
      request.params.guid,
      "routes.read",
    );
    const [document] = await presentRoutes(dependencies, [route]);
    if (list.include.length === 0) return document;
    return { ...document, included: await included(dependencies, list.include, [route]) };
  });

  app.patch<{ Params: { guid: string } }>("/v3/routes/:guid", async (request) => {
    const message = parseMessage(updateRouteMessage, request.body);
    const { guid } = request.params;
    const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
    const options = definedOptions({ ...route.options, ...message.options });
    await db.transaction().execute(async (tx) => {
      await tx
        .updateTable("routes")
        .set({ ...touched(clock), options: JSON.stringify(options) })
        .where("guid", "=", guid)
        .execute();
      await updateMetadata(tx, { type: "route", guid }, message.metadata);
      await recordAuditEvent(tx, clock, {
        type: "audit.route.update",
        actor: actorOf(request.auth),
        target: { guid, type: "route", name: route.host },
        spaceGuid: route.spaceGuid,
        data: { request: message },
      });
    });
    await tellApps(dependencies, guid);
    const [document] = await presentRoutes(dependencies, [{ ...route, options }]);
    return document;
  });

  app.delete<{ Params: { guid: string } }>("/v3/routes/:guid", async (request, reply) => {
    const { guid } = request.params;
    const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
    await recordAuditEvent(db, clock, {
      type: "audit.route.delete-request",
      actor: actorOf(request.auth),
      target: { guid, type: "route", name: route.host },
      spaceGuid: route.spaceGuid,
    });
    const job = await jobs.enqueue({
      operation: "route.delete",
      payload: { routeGuid: guid },
      resource: { guid, type: "route" },
      userGuid: request.auth.userGuid,
    });
    return await acceptJob(reply, links, job);
  });
}

async function tellApps({ db, runner }: RouteRoutes, routeGuid: string): Promise<void> {
  const rows = await db
    .selectFrom("destinations")
    .select("appGuid")
    .distinct()
    .where("routeGuid", "=", routeGuid)
    .execute();
  for (const row of rows) await runner.routesChanged(row.appGuid);
}

/** Null removes an option; the official client takes no null values. */
function definedOptions(
  options: Readonly<Record<string, string | null | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) =>
      value === null || value === undefined ? [] : [[key, value]],
    ),
  );
}
