import type { Clock } from "#kernel/clock/clock.ts";
import type { AppRunner } from "../apps/app-runner.ts";
import type { CloudControllerLimits } from "../config.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { Links } from "../http/links.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { destinationsOf, findRoute, type Route } from "./find-route.ts";
import { presentRoute } from "./route-presenter.ts";

export interface RouteRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
  readonly runner: AppRunner;
  readonly limits: Pick<CloudControllerLimits, "narrowedPageSize">;
}

export async function permittedRoute(
  { db, permissions }: RouteRoutes,
  auth: AuthContext,
  guid: string,
  action: Action,
): Promise<Route> {
  const route = await findRoute(db, guid);
  if (route === undefined) throw notFound("Route");
  await permissions.require(auth, action, {
    name: "Route",
    place: { spaceGuid: route.spaceGuid },
    readBy: "routes.read",
  });
  return route;
}

/** Routes with their destinations and metadata, as the API shows them. */
export async function presentRoutes(
  { db, links }: Pick<RouteRoutes, "db" | "links">,
  routes: readonly Route[],
) {
  const guids = routes.map((route) => route.guid);
  const destinations = await destinationsOf(db, guids);
  const metadata = await loadMetadata(db, "route", guids);
  return routes.map((route) =>
    presentRoute(route, {
      links,
      metadata: metadata.get(route.guid) ?? noMetadata,
      destinations: destinations.get(route.guid) ?? [],
    }),
  );
}
