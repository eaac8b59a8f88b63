import { sql } from "kysely";
import { touched } from "../database/record.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseQuery } from "../http/list-query.ts";
import { isOneOf } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import { unprocessableQuery } from "../http/unprocessable-query.ts";
import {
  appsMissing,
  insertDestinations,
  removeDestination,
  replaceDestinations,
} from "./change-destinations.ts";
import {
  destinationsMessage,
  updateDestinationMessage,
  type WantedDestination,
} from "./destinations-message.ts";
import { destinationsOf, type Destination, type Route } from "./find-route.ts";
import { permittedRoute, type RouteRoutes } from "./route-access.ts";
import { presentDestination } from "./route-presenter.ts";

export function registerDestinations(app: ApiServer, dependencies: RouteRoutes): void {
  registerAll(app, dependencies);
  registerOne(app, dependencies);
}

function registerAll(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock, runner } = dependencies;
  const path = "/v3/routes/:guid/destinations";

  app.get<{ Params: { guid: string } }>(path, async (request) => {
    const filter = filterOf(request.query);
    const { guid } = request.params;
    const route = await permittedRoute(dependencies, request.auth, guid, "routes.read");
    return await present(dependencies, route, filter);
  });

  const changes = [
    ["POST", destinationsMessage("insert"), insertDestinations],
    ["PATCH", destinationsMessage("replace"), replaceDestinations],
  ] as const;
  for (const [method, schema, change] of changes) {
    app.route<{ Params: { guid: string } }>({
      method,
      url: path,
      handler: async (request) => {
        const wanted = parseMessage(schema, request.body);
        const { guid } = request.params;
        const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
        await requireReadableApps(dependencies, request.auth, { route, wanted });
        const context = { clock, actor: actorOf(request.auth) };
        const apps = await db.transaction().execute((tx) => change(tx, context, { route, wanted }));
        for (const appGuid of apps) await runner.routesChanged(appGuid);
        return await present(dependencies, route);
      },
    });
  }
}

function registerOne(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock, links, runner } = dependencies;
  const path = "/v3/routes/:guid/destinations/:destination";

  app.patch<{ Params: { guid: string; destination: string } }>(path, async (request) => {
    const { guid, destination: destinationGuid } = request.params;
    const message = parseMessage(updateDestinationMessage, request.body);
    const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
    const destination = await find(dependencies, route, destinationGuid);
    if (message.protocol === "tcp") {
      throw unprocessable(
        "Destination protocol must be 'http1' or 'http2' if the parent route's protocol is 'http'",
      );
    }
    const changes = { ...touched(clock), protocol: message.protocol ?? destination.protocol };
    await db
      .updateTable("destinations")
      .set(changes)
      .where("guid", "=", destination.guid)
      .execute();
    await runner.routesChanged(destination.appGuid);
    return {
      ...presentDestination({ ...destination, ...changes }),
      links: {
        destinations: links.to(`/v3/routes/${route.guid}/destinations`),
        route: links.to(`/v3/routes/${route.guid}`),
      },
    };
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

interface DestinationFilter {
  readonly guids: readonly string[] | undefined;
  readonly appGuids: readonly string[] | undefined;
}

function filterOf(query: unknown): DestinationFilter {
  const { guids, app_guids } = unprocessableQuery(() => parseQuery(query, ["guids", "app_guids"]));
  return { guids: guids?.split(","), appGuids: app_guids?.split(",") };
}

/**
 * Apps of spaces that the route is shared with may be out of this user's sight: they are told like those that do not
 * exist. The original words the two apart.
 */
async function requireReadableApps(
  { db, permissions }: RouteRoutes,
  auth: AuthContext,
  { route, wanted }: { readonly route: Route; readonly wanted: readonly WantedDestination[] },
): Promise<void> {
  const guids = [...new Set(wanted.map((destination) => destination.appGuid))];
  const apps = await db
    .selectFrom("apps")
    .select(["guid", "spaceGuid"])
    .where(isOneOf(sql.ref("apps.guid"), guids))
    .execute();
  const seen = new Set<string>();
  for (const { guid, spaceGuid } of apps) {
    const isOfRoute = spaceGuid === route.spaceGuid;
    if (isOfRoute || (await permissions.can(auth, "space.read", { spaceGuid }))) seen.add(guid);
  }
  const unseen = guids.filter((guid) => !seen.has(guid));
  if (unseen.length > 0) throw appsMissing(unseen);
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
  throw unprocessable(
    "Unable to unmap route from destination. Ensure the route has a destination with this guid.",
  );
}

async function present(
  { db, links }: RouteRoutes,
  route: Route,
  filter: DestinationFilter = { guids: undefined, appGuids: undefined },
) {
  const all = (await destinationsOf(db, [route.guid])).get(route.guid) ?? [];
  const shown = all.filter(
    ({ guid, appGuid }) =>
      (filter.guids?.includes(guid) ?? true) && (filter.appGuids?.includes(appGuid) ?? true),
  );
  return {
    destinations: shown.map(presentDestination),
    links: {
      self: links.to(`/v3/routes/${route.guid}/destinations`),
      route: links.to(`/v3/routes/${route.guid}`),
    },
  };
}
