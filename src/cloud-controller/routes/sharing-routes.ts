import { sql } from "kysely";
import { isUsableBy, findDomain } from "../domains/find-domain.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { isOneOf } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import { routeUrl, sharedSpacesOf, type Route } from "./find-route.ts";
import { shareMessage, transferMessage } from "./messages.ts";
import { permittedRoute, type RouteRoutes } from "./route-access.ts";
import { shareRoute, transferRoute, unshareRoute } from "./route-shares.ts";

/** A route lent to further spaces, or given to another; all of it only while the flag `route_sharing` is on. */
export function registerRouteSharing(app: ApiServer, dependencies: RouteRoutes): void {
  registerShares(app, dependencies);
  registerTransfer(app, dependencies);
}

function registerShares(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock } = dependencies;
  const path = "/v3/routes/:guid/relationships/shared_spaces";

  app.get<{ Params: { guid: string } }>(path, async (request) => {
    await requireEnabled(db, "route_sharing");
    const { guid } = request.params;
    await permittedRoute(dependencies, request.auth, guid, "routes.read");
    return await presentShares(dependencies, guid);
  });

  app.post<{ Params: { guid: string } }>(path, async (request) => {
    await requireEnabled(db, "route_sharing");
    const { guid } = request.params;
    const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
    const { data: spaceGuids } = parseMessage(shareMessage, request.body);
    await requireShareable(dependencies, request.auth, { route, spaceGuids });
    const context = { clock, actor: actorOf(request.auth) };
    await db.transaction().execute((tx) => shareRoute(tx, context, { route, spaceGuids }));
    return await presentShares(dependencies, guid);
  });

  app.delete<{ Params: { guid: string; space: string } }>(
    `${path}/:space`,
    async (request, reply) => {
      await requireEnabled(db, "route_sharing");
      const { guid, space: spaceGuid } = request.params;
      const route = await permittedRoute(dependencies, request.auth, guid, "routes.manage");
      const fault = await targetFault(dependencies, request.auth, spaceGuid);
      if (fault !== undefined) {
        throw unprocessable(
          `Unable to unshare route '${routeUrl(route)}' from space '${spaceGuid}'. ${fault}`,
        );
      }
      const context = { clock, actor: actorOf(request.auth) };
      await db.transaction().execute((tx) => unshareRoute(tx, context, { route, spaceGuid }));
      return await reply.status(204).send();
    },
  );
}

function registerTransfer(app: ApiServer, dependencies: RouteRoutes): void {
  const { db, clock } = dependencies;

  app.patch<{ Params: { guid: string } }>(
    "/v3/routes/:guid/relationships/space",
    async (request) => {
      await requireEnabled(db, "route_sharing");
      const { data } = parseMessage(transferMessage, request.body);
      const route = await permittedRoute(
        dependencies,
        request.auth,
        request.params.guid,
        "space.write",
      );
      const fault =
        (await targetFault(dependencies, request.auth, data.guid)) ??
        (await domainFault(dependencies, route, data.guid));
      if (fault !== undefined) {
        throw unprocessable(
          `Unable to transfer owner of route '${routeUrl(route)}' to space '${data.guid}'. ${fault}`,
        );
      }
      const context = { clock, actor: actorOf(request.auth) };
      await db
        .transaction()
        .execute((tx) => transferRoute(tx, context, { route, spaceGuid: data.guid }));
      return { status: "ok" };
    },
  );
}

async function presentShares({ db, links }: RouteRoutes, guid: string) {
  const spaces = await sharedSpacesOf(db, guid);
  return {
    data: spaces.map((space) => ({ guid: space })),
    links: { self: links.to(`/v3/routes/${guid}/relationships/shared_spaces`) },
  };
}

/** All faults in one text, each with the spaces that have it. */
async function requireShareable(
  { db, permissions }: RouteRoutes,
  auth: AuthContext,
  { route, spaceGuids }: { readonly route: Route; readonly spaceGuids: readonly string[] },
): Promise<void> {
  const found = await db
    .selectFrom("spaces")
    .select("guid")
    .where(isOneOf(sql.ref("spaces.guid"), spaceGuids))
    .execute();
  const existing = new Set(found.map((space) => space.guid));
  const unreadable: string[] = [];
  const unwritable: string[] = [];
  for (const spaceGuid of spaceGuids) {
    const place = { spaceGuid };
    if (!existing.has(spaceGuid) || !(await permissions.can(auth, "space.read", place))) {
      unreadable.push(`'${spaceGuid}'`);
    } else if ((await refusalOf({ permissions }, auth, spaceGuid, "space.write")) !== undefined) {
      unwritable.push(`'${spaceGuid}'`);
    }
  }
  const unable = (list: readonly string[]) =>
    `Unable to share route ${routeUrl(route)} with spaces [${list.join(", ")}].`;
  const faults = [
    ...(unreadable.length === 0
      ? []
      : [`${unable(unreadable)} Ensure the spaces exist and that you have access to them.`]),
    ...(unwritable.length === 0
      ? []
      : [
          `${unable(unwritable)} Write permission is required in order to share a route with a space and the containing organization must not be suspended.`,
        ]),
  ];
  if (faults.length > 0) throw unprocessable(faults.join("\n"));
}

/** Why a space cannot be the target of a change; undefined where it can. */
async function targetFault(
  { db, permissions }: RouteRoutes,
  auth: AuthContext,
  spaceGuid: string,
): Promise<string | undefined> {
  const space = await db
    .selectFrom("spaces")
    .select("guid")
    .where("guid", "=", spaceGuid)
    .executeTakeFirst();
  if (space === undefined || !(await permissions.can(auth, "space.read", { spaceGuid }))) {
    return "Ensure the space exists and that you have access to it.";
  }
  const refusal = await refusalOf({ permissions }, auth, spaceGuid, "routes.manage");
  if (refusal === undefined) return undefined;
  if (refusal.title === "ResourceBeingDeleted") return "The target space is being deleted.";
  return refusal.title === "NotAuthorized"
    ? "You don't have write permission for the target space."
    : "The target organization or space is suspended.";
}

/** What the user's rights in a space have against an action there, for texts that tell it in other words. */
async function refusalOf(
  { permissions }: Pick<RouteRoutes, "permissions">,
  auth: AuthContext,
  spaceGuid: string,
  action: "space.write" | "routes.manage",
): Promise<CfError | undefined> {
  try {
    await permissions.require(auth, action, { name: "Space", place: { spaceGuid } });
    return undefined;
  } catch (error) {
    if (error instanceof CfError) return error;
    throw error;
  }
}

async function domainFault(
  { db }: RouteRoutes,
  route: Route,
  spaceGuid: string,
): Promise<string | undefined> {
  const domain = await findDomain(db, route.domainGuid);
  const space = await db
    .selectFrom("spaces")
    .select("organizationGuid")
    .where("guid", "=", spaceGuid)
    .executeTakeFirst();
  if (domain === undefined || space === undefined) return undefined;
  return (await isUsableBy(db, domain, space.organizationGuid))
    ? undefined
    : "Target space does not have access to route's domain";
}
