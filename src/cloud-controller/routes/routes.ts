import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { findApp } from "../apps/find-app.ts";
import type { Database } from "../database/schema.ts";
import { findVisibleDomain } from "../domains/find-domain.ts";
import { isEnabled, requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, parseShowQuery, type ListQuery } from "../http/list-query.ts";
import { fetchPage, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action } from "../http/permissions.ts";
import { unprocessableQuery } from "../http/unprocessable-query.ts";
import { acceptJob } from "../jobs/routes.ts";
import { toRoute, type Route } from "./find-route.ts";
import { includedResources } from "./included-resources.ts";
import { listedRoutes, routeListSpec } from "./list-routes.ts";
import { routeMessages } from "./messages.ts";
import { permittedRoute, presentRoutes, type RouteRoutes } from "./route-access.ts";
import { createRoute } from "./route-create.ts";
import { updateRoute } from "./route-update.ts";
import { registerRouteSharing } from "./sharing-routes.ts";

export function registerRoutes(app: ApiServer, dependencies: RouteRoutes): void {
  registerLists(app, dependencies);
  registerCreation(app, dependencies);
  registerSingle(app, dependencies);
  registerRouteSharing(app, dependencies);
}

function registerLists(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, permissions, limits } = dependencies;

  app.get("/v3/routes", async (request) => {
    const list = parseListQuery(request.query, {
      ...routeListSpec,
      narrowed: { by: ["app_guids", "space_guids"], perPage: limits.narrowedPageSize },
    });
    return await presentList(dependencies, request.auth, {
      list,
      filters: list.filters,
      path: "/v3/routes",
      readBy: "routes.read",
    });
  });

  app.get<{ Params: { guid: string } }>("/v3/apps/:guid/routes", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, routeListSpec);
    const owner = await findApp(db, guid);
    if (owner === undefined) throw notFound("App");
    const place = { spaceGuid: owner.spaceGuid };
    await permissions.require(request.auth, "space.read", { name: "App", place });
    return await presentList(dependencies, request.auth, {
      list,
      filters: { ...list.filters, app_guids: [guid] },
      path: `/v3/apps/${guid}/routes`,
      readBy: "space.read",
    });
  });
}

async function presentList(
  dependencies: RouteRoutes,
  auth: AuthContext,
  {
    list,
    filters,
    path,
    readBy,
  }: {
    readonly list: ListQuery;
    readonly filters: ListQuery["filters"];
    readonly path: string;
    readonly readBy: Action;
  },
) {
  const { db, links, permissions } = dependencies;
  const readable = permissions.spaces(auth, readBy);
  const query = listedRoutes(db, { filters, readable });
  const page = await fetchPage(query, list, "routes", "route");
  const routes = page.rows.map(toRoute);
  const document = presentPage({
    links,
    path,
    list,
    total: page.total,
    resources: await presentRoutes(dependencies, routes),
  });
  const { include } = list;
  if (include.length === 0) return document;
  return {
    ...document,
    included: await includedResources(dependencies, auth, { include, routes }),
  };
}

function registerCreation(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock } = dependencies;

  app.post("/v3/routes", async (request, reply) => {
    const { auth } = request;
    if (!auth.isAdmin) await requireEnabled(db, "route_creation");
    const { create } = routeMessages({ hash: await isEnabled(db, "hash_based_routing") });
    const message = parseMessage(create, request.body);
    const spaceGuid = message.relationships.space.data.guid;
    await requireSpace(db, spaceGuid);
    const domainGuid = message.relationships.domain.data.guid;
    const domain = await findVisibleDomain(dependencies, auth, domainGuid);
    if (domain === undefined) {
      throw unprocessable(
        "Invalid domain. Ensure that the domain exists and you have access to it.",
      );
    }
    const { permissions } = dependencies;
    if (!(await permissions.can(auth, "routes.manage", { spaceGuid }))) {
      throw new CfError("NotAuthorized");
    }
    await permissions.requireWritable(auth, { spaceGuid });
    if (domain.organizationGuid === null && message.host === "*" && !auth.isAdmin) {
      throw unprocessable(
        "You do not have sufficient permissions to create a route with a wildcard host on a domain not scoped to an organization.",
      );
    }
    const route = await db.transaction().execute((tx) =>
      createRoute(
        tx,
        { clock, actor: actorOf(auth) },
        {
          spaceGuid,
          domain,
          host: message.host ?? "",
          path: message.path ?? "",
          port: message.port ?? undefined,
          options: message.options ?? {},
          metadata: message.metadata,
          request: message,
        },
      ),
    );
    const [document] = await presentRoutes(dependencies, [route]);
    return await reply.status(201).send(document);
  });
}

/** Who cannot see the space is told no more than that the route is not his to make. */
async function requireSpace(db: Database, spaceGuid: string): Promise<void> {
  const space = await db
    .selectFrom("spaces")
    .select("guid")
    .where("guid", "=", spaceGuid)
    .executeTakeFirst();
  if (space !== undefined) return;
  throw unprocessable("Invalid space. Ensure that the space exists and you have access to it.");
}

function registerSingle(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock, links, jobs, runner } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/routes/:guid", async (request) => {
    const { include } = unprocessableQuery(() =>
      // The original takes the path's guid for a parameter, too.
      parseShowQuery(request.query, { include: routeListSpec.include, extra: ["guid"] }),
    );
    const { guid } = request.params;
    const route = await permittedRoute(dependencies, request.auth, guid, "routes.read");
    const [document] = await presentRoutes(dependencies, [route]);
    if (include.length === 0) return document;
    const routes: readonly Route[] = [route];
    const included = await includedResources(dependencies, request.auth, { include, routes });
    return { ...document, included };
  });

  app.patch<{ Params: { guid: string } }>("/v3/routes/:guid", async (request) => {
    const { update } = routeMessages({ hash: await isEnabled(db, "hash_based_routing") });
    const message = parseMessage(update, request.body);
    const { guid } = request.params;
    const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
    const context = { clock, actor: actorOf(request.auth) };
    const updated = await db
      .transaction()
      .execute((tx) => updateRoute(tx, context, { route, message }));
    if (message.options !== undefined) {
      for (const appGuid of await appsOf(dependencies, guid)) await runner.routesChanged(appGuid);
    }
    const [document] = await presentRoutes(dependencies, [updated]);
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
      data: { request: { recursive: true } },
    });
    const job = await jobs.enqueue({
      operation: "route.delete",
      payload: { routeGuid: guid },
      resource: { guid, type: "route" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}

async function appsOf({ db }: RouteRoutes, routeGuid: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("destinations")
    .select("appGuid")
    .distinct()
    .where("routeGuid", "=", routeGuid)
    .execute();
  return rows.map((row) => row.appGuid);
}
