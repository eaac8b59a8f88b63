import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { RouteOptions } from "./route-options.ts";
import type { DestinationTable, RouteTable } from "./route-table.ts";

/** A route with the name of its domain. */
export type Route = Omit<Selectable<RouteTable>, "options"> & {
  readonly domainName: string;
  readonly options: RouteOptions;
};

export type Destination = Selectable<DestinationTable>;

const optionsColumn = z.record(z.string(), z.string());

export function toRoute(row: Selectable<RouteTable> & { readonly domainName: string }): Route {
  return { ...row, options: optionsColumn.parse(JSON.parse(row.options)) };
}

/** The name is looked up for what is shown, not joined: counts and orders go through the routes alone. */
export function selectRoutes(db: Executor) {
  return db
    .selectFrom("routes")
    .selectAll("routes")
    .select(
      sql<string>`(select name from domains where domains.guid = ${sql.ref("routes.domainGuid")})`.as(
        "domainName",
      ),
    );
}

export async function findRoute(db: Executor, guid: string): Promise<Route | undefined> {
  const row = await selectRoutes(db).where("routes.guid", "=", guid).executeTakeFirst();
  return row === undefined ? undefined : toRoute(row);
}

/** `host.domain/path`, the domain itself for an empty host. */
export function routeUrl(route: Pick<Route, "host" | "path" | "domainName">): string {
  const fqdn = route.host === "" ? route.domainName : `${route.host}.${route.domainName}`;
  return `${fqdn}${route.path}`;
}

export async function destinationsOf(
  db: Executor,
  routeGuids: readonly string[],
): Promise<ReadonlyMap<string, readonly Destination[]>> {
  const rows = await db
    .selectFrom("destinations")
    .selectAll()
    .where(isOneOf(sql.ref("destinations.routeGuid"), routeGuids))
    .orderBy("guid")
    .execute();
  return Map.groupBy(rows, (row) => row.routeGuid);
}

/** Guids of the spaces whose apps a route may lead to, its own first. */
export async function spacesOfRoute(
  db: Executor,
  route: Pick<Route, "guid" | "spaceGuid">,
): Promise<readonly string[]> {
  return [route.spaceGuid, ...(await sharedSpacesOf(db, route.guid))];
}

export async function sharedSpacesOf(db: Executor, routeGuid: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("routeShares")
    .select("spaceGuid")
    .where("routeGuid", "=", routeGuid)
    .orderBy("spaceGuid")
    .execute();
  return rows.map((row) => row.spaceGuid);
}
