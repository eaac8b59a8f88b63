import { touched } from "../database/record.ts";
import { actorOf } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { relationTo } from "../http/links.ts";
import { parseMessage } from "../http/parse-message.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import {
  insertDestinations,
  removeDestination,
  replaceDestinations,
} from "./change-destinations.ts";
import { destinationsOf, type Destination, type Route } from "./find-route.ts";
import {
  insertDestinationsMessage,
  replaceDestinationsMessage,
  spaceRelationMessage,
  updateDestinationMessage,
} from "./messages.ts";
import { permittedRoute, type RouteRoutes } from "./route-access.ts";
import { presentDestination } from "./route-presenter.ts";

export function registerDestinations(app: ApiServer, dependencies: RouteRoutes): void {
  registerAll(app, dependencies);
  registerOne(app, dependencies);
  registerSpaces(app, dependencies);
}

function registerAll(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock, runner } = dependencies;
  const path = "/v3/routes/:guid/destinations";

  app.get<{ Params: { guid: string } }>(path, async (request) =>
    present(
      dependencies,
      await permittedRoute(dependencies, request.auth, request.params.guid, "routes.read"),
    ),
  );

  const changes = [
    ["POST", insertDestinationsMessage, insertDestinations],
    ["PATCH", replaceDestinationsMessage, replaceDestinations],
  ] as const;
  for (const [method, schema, change] of changes) {
    app.route<{ Params: { guid: string } }>({
      method,
      url: path,
      handler: async (request) => {
        const message = parseMessage(schema, request.body);
        const { guid } = request.params;
        const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
        const context = { clock, actor: actorOf(request.auth) };
        const apps = await db
          .transaction()
          .execute((tx) => change(tx, context, { route, wanted: message.destinations }));
        for (const appGuid of apps) await runner.routesChanged(appGuid);
        return await present(dependencies, route);
      },
    });
  }
}

function registerOne(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock, runner } = dependencies;
  const path = "/v3/routes/:guid/destinations/:destination";

  app.patch<{ Params: { guid: string; destination: string } }>(path, async (request) => {
    const { guid, destination: destinationGuid } = request.params;
    const message = parseMessage(updateDestinationMessage, request.body);
    const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
    const destination = await find(dependencies, route, destinationGuid);
    const protocol = message.protocol ?? "http1";
    await db
      .updateTable("destinations")
      .set({ ...touched(clock), protocol })
      .where("guid", "=", destination.guid)
      .execute();
    await runner.routesChanged(destination.appGuid);
    return presentDestination({ ...destination, protocol });
  });

  app.delete<{ Params: { guid: string; destination: string } }>(path, async (request, reply) => {
    const { guid, destination: destinationGuid } = request.params;
    const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
    const destination = await find(dependencies, route, destinationGuid);
    if (destination.weight !== null) {
      throw unprocessable("Weighted destinations cannot be deleted individually.");
    }
    const context = { clock, actor: actorOf(request.auth) };
    await db.transaction().execute((tx) => removeDestination(tx, context, { route, destination }));
    await runner.routesChanged(destination.appGuid);
    return await reply.status(204).send();
  });
}

function registerSpaces(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock, links, permissions } = dependencies;

  app.patch<{ Params: { guid: string } }>(
    "/v3/routes/:guid/relationships/space",
    async (request) => {
      const { guid } = request.params;
      const message = parseMessage(spaceRelationMessage, request.body);
      const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
      const spaceGuid = message.data.guid;
      if (!(await permissions.can(request.auth, "routes.manage", { spaceGuid }))) {
        throw unprocessable(
          `Unable to transfer owner of route '${guid}' to space '${spaceGuid}'. Ensure the space exists and that you have access to it.`,
        );
      }
      const mapped = (await destinationsOf(db, [guid])).get(guid) ?? [];
      if (spaceGuid !== route.spaceGuid && mapped.length > 0) {
        throw unprocessable(
          `Unable to transfer owner of route '${guid}': it is mapped to apps of its space. Unmap them first.`,
        );
      }
      await db.transaction().execute(async (tx) => {
        await tx
          .updateTable("routes")
          .set({ ...touched(clock), spaceGuid })
          .where("guid", "=", guid)
          .execute();
        await recordAuditEvent(tx, clock, {
          type: "audit.route.transfer-owner",
          actor: actorOf(request.auth),
          target: { guid, type: "route", name: route.host },
          spaceGuid: route.spaceGuid,
          data: { target_space_guid: spaceGuid },
        });
      });
      return {
        ...relationTo(spaceGuid),
        links: {
          self: links.to(`/v3/routes/${guid}/relationships/space`),
          related: links.to(`/v3/spaces/${spaceGuid}`),
        },
      };
    },
  );

  // Routes are not shared between spaces: none is, and none can be.
  const refuse = async () => {
    throw unprocessable("Sharing routes between spaces is not supported by this platform.");
  };
  app.post("/v3/routes/:guid/relationships/shared_spaces", refuse);
  app.delete("/v3/routes/:guid/relationships/shared_spaces/:space", refuse);
  app.get<{ Params: { guid: string } }>(
    "/v3/routes/:guid/relationships/shared_spaces",
    async (request) => {
      const { guid } = request.params;
      await permittedRoute(dependencies, request.auth, guid, "routes.read");
      return {
        data: [],
        links: { self: links.to(`/v3/routes/${guid}/relationships/shared_spaces`) },
      };
    },
  );
}

async function find(
  { db }: RouteRoutes,
  route: Route,
  destinationGuid: string,
): Promise<Destination> {
  const destination = await db
    .selectFrom("destinations")
    .selectAll()
    .where("guid", "=", destinationGuid)
    .where("routeGuid", "=", route.guid)
    .executeTakeFirst();
  if (destination !== undefined) return destination;
  throw notFound("Destination");
}

async function present({ db, links }: RouteRoutes, route: Route) {
  const destinations = (await destinationsOf(db, [route.guid])).get(route.guid) ?? [];
  return {
    destinations: destinations.map(presentDestination),
    links: {
      self: links.to(`/v3/routes/${route.guid}/destinations`),
      route: links.to(`/v3/routes/${route.guid}`),
    },
  };
}
