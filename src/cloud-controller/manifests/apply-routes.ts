import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import type { Executor } from "../database/schema.ts";
import { defaultDomain, domainOfHostname } from "../domains/find-domain.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { findSpace } from "../spaces/find-space.ts";
import { insertDestinations, removeDestination } from "../routes/change-destinations.ts";
import { findRoute, type Route } from "../routes/find-route.ts";
import { createRoute } from "../routes/route-create.ts";
import type { ManifestRouting } from "./app-manifest.ts";
import type { ManifestRoute } from "./manifest-route.ts";
import { randomHost } from "./random-host.ts";

interface RouteContext {
  readonly clock: Clock;
  readonly actor: Actor;
  readonly isAdmin: boolean;
}

/** Brings an app's routes to what its manifest says. Routes are added; only `no-route` takes any away. */
export async function applyRouting(
  db: Executor,
  context: RouteContext,
  { app, routing }: { readonly app: App; readonly routing: ManifestRouting },
): Promise<void> {
  if (routing.kind === "unchanged") return;
  const space = await findSpace(db, app.spaceGuid);
  if (space === undefined) return;
  const { organizationGuid } = space;
  const mapped = await db
    .selectFrom("destinations")
    .selectAll()
    .where("appGuid", "=", app.guid)
    .execute();
  if (routing.kind === "none") {
    for (const destination of mapped) {
      const route = await findRoute(db, destination.routeGuid);
      if (route !== undefined) await removeDestination(db, context, { route, destination });
    }
    return;
  }
  if (routing.kind === "routes") {
    for (const route of routing.routes)
      await mapRoute(db, context, { app, organizationGuid, route });
    return;
  }
  if (mapped.length > 0) return;
  const domain = await defaultDomain(db, organizationGuid);
  if (domain === undefined) {
    throw unprocessable("No default domain available to create a route from the app name");
  }
  const host = routing.kind === "random" ? randomHost(app.name) : defaultHost(app.name);
  const hostname = `${host}.${domain.name}`;
  const route: ManifestRoute = { text: hostname, hostname, path: "", port: undefined };
  await mapRoute(db, context, { app, organizationGuid, route });
}

function defaultHost(appName: string): string {
  const host = appName.toLowerCase();
  if (host.length > 63) {
    throw unprocessable(
      "Failed to create default route from app name: Host cannot exceed 63 characters",
    );
  }
  if (!/^[\w-]+$/.test(host)) {
    throw unprocessable(
      'Failed to create default route from app name: Host must be either "*" or contain only alphanumeric characters, "_", or "-"',
    );
  }
  return host;
}

async function mapRoute(
  db: Executor,
  context: RouteContext,
  wanted: {
    readonly app: App;
    readonly organizationGuid: string;
    readonly route: ManifestRoute;
  },
): Promise<void> {
  const { app, route } = wanted;
  const found = await findOrCreateRoute(db, context, wanted);
  const destination = { app: { guid: app.guid }, protocol: route.protocol };
  await insertDestinations(db, context, { route: found, wanted: [destination] });
}

async function findOrCreateRoute(
  db: Executor,
  context: RouteContext,
  {
    app,
    organizationGuid,
    route,
  }: { readonly app: App; readonly organizationGuid: string; readonly route: ManifestRoute },
): Promise<Route> {
  const domain = await domainOfHostname(db, route.hostname, organizationGuid);
  if (domain === undefined) {
    throw unprocessable(`The route '${route.text}' did not match any existing domains.`);
  }
  const host =
    route.hostname === domain.name ? "" : route.hostname.slice(0, -domain.name.length - 1);
  if (!/^([\w-]{0,63}|\*)$/.test(host)) {
    throw unprocessable(
      `The route '${route.text}' has a host that contains more than one label or is too long`,
    );
  }
  const existing = await db
    .selectFrom("routes")
    .select(["guid", "spaceGuid"])
    .where("domainGuid", "=", domain.guid)
    .where("host", "=", host)
    .where("path", "=", route.path)
    .executeTakeFirst();
  if (existing === undefined) {
    const { loadbalancing } = route.options ?? {};
    return await createRoute(db, context, {
      spaceGuid: app.spaceGuid,
      domain,
      host,
      path: route.path,
      options: loadbalancing === undefined ? {} : { loadbalancing },
      mayUseWildcard: context.isAdmin,
    });
  }
  const found = await findRoute(db, existing.guid);
  if (found === undefined || existing.spaceGuid !== app.spaceGuid) {
    throw unprocessable("Routes cannot be mapped to destinations in different spaces");
  }
  return found;
}
