import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { AppRunner } from "../apps/app-runner.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { findDomain } from "../domains/find-domain.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { badQuery, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, parseShowQuery, type ListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { unprocessableQuery } from "../http/unprocessable-query.ts";
import { deleteMetadata, updateMetadata } from "../metadata/metadata.ts";
import { findRoute, type Route } from "../routes/find-route.ts";
import { includedResources } from "./included-resources.ts";
import { createRoutePolicyMessage, updateRoutePolicyMessage } from "./messages.ts";
import { presentRoutePolicies } from "./present-route-policies.ts";
import { createRoutePolicy } from "./route-policy-create.ts";
import type { RoutePolicy } from "./route-policy-presenter.ts";
import { formatSource, parseSource, type Source } from "./source.ts";

interface RoutePolicyRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly runner: AppRunner;
}

const include = ["source", "route"];

export function registerRoutePolicies(app: ApiServer, dependencies: RoutePolicyRoutes): void {
  registerList(app, dependencies);
  registerCreation(app, dependencies);
  registerSingle(app, dependencies);
}

function registerList(app: ApiServer, dependencies: RoutePolicyRoutes): void {
  const { db, links, permissions } = dependencies;

  app.get("/v3/route_policies", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["route_guids", "space_guids", "sources", "source_guids"],
      labels: true,
      include,
    });
    const readable = permissions.spaces(request.auth, "routes.read");
    let query = listed(db, list);
    if (readable !== undefined) {
      query = query.where("routePolicies.routeGuid", "in", (eb) =>
        eb.selectFrom("routes").select("routes.guid").where("routes.spaceGuid", "in", readable),
      );
    }
    const page = await fetchPage(query, list, "routePolicies", "route_policy");
    const document = presentPage({
      links,
      path: "/v3/route_policies",
      list,
      total: page.total,
      resources: await presentRoutePolicies({ db, links }, page.rows),
    });
    if (list.include.length === 0) return document;
    const wanted = { include: list.include, policies: page.rows };
    return {
      ...document,
      included: await includedResources(dependencies, request.auth, wanted),
    };
  });
}

function listed(db: Database, { filters }: ListQuery) {
  const { route_guids, space_guids, sources, source_guids } = filters;
  let query = db.selectFrom("routePolicies").selectAll("routePolicies");
  if (route_guids !== undefined) {
    query = query.where(isOneOf(sql.ref("routePolicies.routeGuid"), route_guids));
  }
  if (space_guids !== undefined) {
    query = query.where("routePolicies.routeGuid", "in", (eb) =>
      eb
        .selectFrom("routes")
        .select("routes.guid")
        .where(isOneOf(sql.ref("routes.spaceGuid"), space_guids)),
    );
  }
  if (source_guids !== undefined) {
    query = query.where(isOneOf(sql.ref("routePolicies.sourceGuid"), source_guids));
  }
  if (sources !== undefined) {
    const wanted = parseSources(sources);
    query = query.where((eb) =>
      eb.or(
        wanted.map(({ sourceType, sourceGuid }) =>
          eb.and({
            "routePolicies.sourceType": sourceType,
            "routePolicies.sourceGuid": sourceGuid,
          }),
        ),
      ),
    );
  }
  return query;
}

function parseSources(texts: readonly string[]): readonly Source[] {
  const invalid = texts.filter((text) => parseSource(text) === undefined);
  if (invalid.length > 0) {
    throw badQuery(`Sources contains invalid source format: ${invalid.join(", ")}`);
  }
  return texts.flatMap((text) => parseSource(text) ?? []);
}

function registerCreation(app: ApiServer, dependencies: RoutePolicyRoutes): void {
  const { db, clock, links, permissions } = dependencies;

  app.post("/v3/route_policies", async (request, reply) => {
    const message = parseMessage(createRoutePolicyMessage, request.body);
    const route = await findRoute(db, message.relationships.route.data.guid);
    const domain = route === undefined ? undefined : await findDomain(db, route.domainGuid);
    if (route === undefined || domain === undefined) throw notFound("Route");
    const place = { spaceGuid: route.spaceGuid };
    await permissions.require(request.auth, "space.write", { name: "Route", place });
    const { source, metadata } = message;
    const context = { clock, actor: actorOf(request.auth) };
    const policy = await db
      .transaction()
      .execute((tx) => createRoutePolicy(tx, context, { route, domain, source, metadata }));
    await tellApps(dependencies, route);
    const [document] = await presentRoutePolicies({ db, links }, [policy]);
    return await reply.status(201).send(document);
  });
}

function registerSingle(app: ApiServer, dependencies: RoutePolicyRoutes): void {
  const { db, clock, links } = dependencies;
  const path = "/v3/route_policies/:guid";

  app.get<{ Params: { guid: string } }>(path, async (request) => {
    const list = unprocessableQuery(() => parseShowQuery(request.query, { include }));
    const { guid } = request.params;
    const { policy } = await permitted(dependencies, request.auth, guid, "routes.read");
    const [document] = await presentRoutePolicies({ db, links }, [policy]);
    if (list.include.length === 0) return document;
    const wanted = { include: list.include, policies: [policy] };
    return {
      ...document,
      included: await includedResources(dependencies, request.auth, wanted),
    };
  });

  app.patch<{ Params: { guid: string } }>(path, async (request) => {
    const { guid } = request.params;
    const { policy, route } = await permitted(dependencies, request.auth, guid, "space.write");
    const message = parseMessage(updateRoutePolicyMessage, request.body);
    const updated = await db.transaction().execute(async (tx) => {
      await updateMetadata(tx, { type: "route_policy", guid }, message.metadata);
      const changes = touched(clock);
      await tx.updateTable("routePolicies").set(changes).where("guid", "=", guid).execute();
      await recordAuditEvent(tx, clock, {
        type: "audit.route_policy.update",
        actor: actorOf(request.auth),
        target: { guid, type: "route_policy", name: formatSource(policy) },
        spaceGuid: route.spaceGuid,
        data: { request: message },
      });
      return { ...policy, ...changes };
    });
    const [document] = await presentRoutePolicies({ db, links }, [updated]);
    return document;
  });

  app.delete<{ Params: { guid: string } }>(path, async (request, reply) => {
    const { guid } = request.params;
    const { policy, route } = await permitted(dependencies, request.auth, guid, "space.write");
    await db.transaction().execute(async (tx) => {
      await deleteMetadata(tx, "route_policy", [guid]);
      await tx.deleteFrom("routePolicies").where("guid", "=", guid).execute();
      await recordAuditEvent(tx, clock, {
        type: "audit.route_policy.delete",
        actor: actorOf(request.auth),
        target: { guid, type: "route_policy", name: formatSource(policy) },
        spaceGuid: route.spaceGuid,
      });
    });
    await tellApps(dependencies, route);
    return await reply.status(204).send();
  });
}

async function permitted(
  { db, permissions }: RoutePolicyRoutes,
  auth: AuthContext,
  guid: string,
  action: "routes.read" | "space.write",
): Promise<{ readonly policy: RoutePolicy; readonly route: Route }> {
  const policy = await db
    .selectFrom("routePolicies")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
  const route = policy === undefined ? undefined : await findRoute(db, policy.routeGuid);
  if (policy === undefined || route === undefined) throw notFound("Route policy");
  await permissions.require(auth, action, {
    name: "Route policy",
    place: { spaceGuid: route.spaceGuid },
    readBy: "routes.read",
  });
  return { policy, route };
}

/** The router learns of policies with the routes of the apps. */
async function tellApps({ db, runner }: RoutePolicyRoutes, route: Route): Promise<void> {
  const rows = await db
    .selectFrom("destinations")
    .select("appGuid")
    .distinct()
    .where("routeGuid", "=", route.guid)
    .execute();
  for (const row of rows) await runner.routesChanged(row.appGuid);
}
