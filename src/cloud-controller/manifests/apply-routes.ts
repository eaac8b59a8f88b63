import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import type { ManifestTrigger } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { defaultDomain, domainOfHostname } from "../domains/find-domain.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import type { Actor } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import { findSpace } from "../spaces/find-space.ts";
import { insertDestinations, removeDestination } from "../routes/change-destinations.ts";
import {
  destinationsOf,
  findRoute,
  selectRoutes,
  spacesOfRoute,
  toRoute,
  type Destination,
  type Route,
} from "../routes/find-route.ts";
import { createRoute } from "../routes/route-create.ts";
import { updateRoute } from "../routes/route-update.ts";
import { parseManifestRoute, type ManifestRoute } from "./manifest-route.ts";
import { randomHost } from "./random-host.ts";
import type { ManifestRouting } from "./routing-manifest.ts";

interface RouteContext extends ManifestTrigger {
  readonly clock: Clock;
  readonly actor: Actor;
}

/**
 * Brings an app's routes to what its manifest says. Routes are added; only `no-route` takes any away. Gives the apps
 * whose routes are others now.
 */
export async function applyRouting(
  db: Executor,
  context: RouteContext,
  { app, routing }: { readonly app: App; readonly routing: ManifestRouting },
): Promise<readonly string[]> {
  if (routing.kind === "unchanged") return [];
  const mapped = await db
    .selectFrom("destinations")
    .selectAll()
    .where("appGuid", "=", app.guid)
    .execute();
  switch (routing.kind) {
    case "none":
      await unmapAll(db, context, mapped);
      return [app.guid];
    case "routes":
      return await mapRoutes(db, context, { app, routes: routing.routes });
    case "random":
    case "default":
      if (mapped.length > 0) return [];
      return await mapRoutes(db, context, { app, routes: [await madeUp(db, app, routing.kind)] });
  }
}

async function unmapAll(
  db: Executor,
  context: RouteContext,
  mapped: readonly Destination[],
): Promise<void> {
  for (const destination of mapped) {
    const route = await findRoute(db, destination.routeGuid);
    if (route !== undefined) await removeDestination(db, context, { route, destination });
  }
}

/** The route of an app that has none and names none: its name, or a random one, in the default domain. */
async function madeUp(db: Executor, app: App, kind: "random" | "default"): Promise<ManifestRoute> {
  const space = await findSpace(db, app.spaceGuid);
  const domain = space && (await defaultDomain(db, space.organizationGuid));
  if (kind === "default") requireHost(app.name);
  if (domain === undefined) throw unprocessable("No default domains available");
  const host = kind === "random" ? randomHost(app.name) : app.name;
  const route = parseManifestRoute(`${host}.${domain.name}`);
  if (route !== undefined) return { ...route, protocol: undefined, options: {} };
  throw unprocessable(`The route '${host}.${domain.name}' is not a properly formed URL`);
}

function requireHost(appName: string): void {
  const prefix = "Failed to create default route from app name:";
  if (appName.length > 63) throw unprocessable(`${prefix} Host cannot exceed 63 characters`);
  if (/^[\w-]+$/.test(appName)) return;
  throw unprocessable(
    `${prefix} Host must be either "*" or contain only alphanumeric characters, "_", or "-"`,
  );
}

/** All routes are found or made before the first is mapped, so that a wrong one costs the others nothing. */
async function mapRoutes(
  db: Executor,
  context: RouteContext,
  { app, routes }: { readonly app: App; readonly routes: readonly ManifestRoute[] },
): Promise<readonly string[]> {
  const found: { readonly route: Route; readonly wanted: ManifestRoute }[] = [];
  for (const wanted of routes) {
    found.push({ route: await findOrCreateRoute(db, context, { app, wanted }), wanted });
  }
  for (const { route, wanted } of found) await mapRoute(db, context, { app, route, wanted });
  const changed = found.filter(({ wanted }) => Object.keys(wanted.options).length > 0);
  const destinations = await destinationsOf(
    db,
    changed.map(({ route }) => route.guid),
  );
  const others = [...destinations.values()].flat().map((destination) => destination.appGuid);
  return [...new Set([app.guid, ...others])];
}

async function findOrCreateRoute(
  db: Executor,
  context: RouteContext,
  { app, wanted }: { readonly app: App; readonly wanted: ManifestRoute },
): Promise<Route> {
  const target = await domainOfHostname(db, wanted.hostname);
  if (target === undefined) throw unprocessable(`No domains exist for route ${wanted.text}`);
  const { domain, host } = target;
  const row =
    wanted.port === undefined
      ? await selectRoutes(db)
          .where("routes.domainGuid", "=", domain.guid)
          .where("routes.host", "=", host)
          .where("routes.path", "=", wanted.path)
          .executeTakeFirst()
      : undefined;
  if (row === undefined) {
    await requireEnabled(db, "route_creation");
    if (host === "*" && domain.organizationGuid === null) throw new CfError("NotAuthorized");
    const { spaceGuid } = app;
    const { path, port, options } = wanted;
    return await aboutRoute(wanted, () =>
      createRoute(db, context, {
        spaceGuid,
        domain,
        host,
        path,
        port,
        options,
        request: { host, path, port: port ?? null, options },
      }),
    );
  }
  const route = toRoute(row);
  if (!(await spacesOfRoute(db, route)).includes(app.spaceGuid)) {
    throw unprocessable("Routes cannot be mapped to destinations in different spaces");
  }
  const { options } = wanted;
  if (Object.keys(options).length === 0) return route;
  return await aboutRoute(wanted, () => updateRoute(db, context, { route, message: { options } }));
}

/** A route that leads to the app is left alone, but for a protocol that the manifest names. */
async function mapRoute(
  db: Executor,
  context: RouteContext,
  {
    app,
    route,
    wanted,
  }: { readonly app: App; readonly route: Route; readonly wanted: ManifestRoute },
): Promise<void> {
  const mapped = await db
    .selectFrom("destinations")
    .select(["guid", "protocol"])
    .where("routeGuid", "=", route.guid)
    .where("appGuid", "=", app.guid)
    .orderBy("id")
    .executeTakeFirst();
  const { protocol } = wanted;
  if (protocol === "tcp" || mapped === undefined) {
    const destination = {
      appGuid: app.guid,
      processType: "web",
      port: 8080,
      weight: null,
      protocol,
    };
    await aboutRoute(wanted, () =>
      insertDestinations(db, context, { route, wanted: [destination] }),
    );
  } else if (protocol !== undefined && protocol !== mapped.protocol) {
    await db
      .updateTable("destinations")
      .set({ ...touched(context.clock), protocol })
      .where("guid", "=", mapped.guid)
      .execute();
  }
}

/** Names the route that an action refused. */
async function aboutRoute<Result>(
  wanted: ManifestRoute,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof CfError) || error.title !== "UnprocessableEntity") throw error;
    throw unprocessable(`For route '${wanted.text}': ${error.message}`);
  }
}
