import { sql } from "kysely";
import { z } from "zod";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import { formatSource } from "../route-policies/source.ts";

/** A route as it leads to processes of an app. */
export interface MappedRoute {
  readonly processType: string;
  /** `host.domain/path`. */
  readonly hostname: string;
  readonly port: number;
  readonly protocol: "http1" | "http2";
  readonly options: Readonly<Record<string, unknown>>;
  /** A name between containers: none of the router's. */
  readonly internal: boolean;
  /** Who may call, by the route's policies; undefined where the domain enforces none. */
  readonly policies: RoutePolicies | undefined;
}

interface RoutePolicies {
  readonly scope: string | null;
  readonly sources: readonly string[];
}

const optionsColumn = z.record(z.string(), z.unknown());

/** The routes of each app, in a stable order. */
export async function mappedRoutes(
  db: Executor,
  appGuids: readonly string[],
): Promise<ReadonlyMap<string, readonly MappedRoute[]>> {
  const rows = await db
    .selectFrom("destinations")
    .innerJoin("routes", "routes.guid", "destinations.routeGuid")
    .innerJoin("domains", "domains.guid", "routes.domainGuid")
    .select([
      "destinations.appGuid",
      "destinations.processType",
      "destinations.port",
      "destinations.protocol",
      "routes.host",
      "routes.path",
      "routes.options",
      "routes.guid",
      "domains.name as domain",
      "domains.internal",
      "domains.enforceRoutePolicies",
      "domains.routePoliciesScope",
    ])
    .where(isOneOf(sql.ref("destinations.appGuid"), appGuids))
    .orderBy("destinations.id")
    .execute();
  const sources = await sourcesOfRoutes(
    db,
    rows.filter((row) => row.enforceRoutePolicies === 1).map((row) => row.guid),
  );
  const routes = new Map<string, MappedRoute[]>();
  for (const row of rows) {
    const { processType, port, protocol } = row;
    const fqdn = row.host === "" ? row.domain : `${row.host}.${row.domain}`;
    const options = optionsColumn.parse(JSON.parse(row.options));
    const policies =
      row.enforceRoutePolicies === 1
        ? { scope: row.routePoliciesScope, sources: sources.get(row.guid) ?? [] }
        : undefined;
    const internal = row.internal === 1;
    const hostname = `${fqdn}${row.path}`;
    const route = { processType, hostname, port, protocol, options, internal, policies };
    const known = routes.get(row.appGuid);
    if (known === undefined) routes.set(row.appGuid, [route]);
    else known.push(route);
  }
  return routes;
}

async function sourcesOfRoutes(
  db: Executor,
  routeGuids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (routeGuids.length === 0) return new Map();
  const policies = await db
    .selectFrom("routePolicies")
    .select(["routeGuid", "sourceType", "sourceGuid"])
    .where(isOneOf(sql.ref("routePolicies.routeGuid"), routeGuids))
    .orderBy("id")
    .execute();
  const byRoute = Map.groupBy(policies, (policy) => policy.routeGuid);
  return new Map([...byRoute].map(([guid, of]) => [guid, of.map(formatSource)]));
}

/** The addresses of an app, as VCAP_APPLICATION lists them. */
export function urisOf(routes: readonly MappedRoute[]): string[] {
  return [...new Set(routes.map(({ hostname }) => hostname))];
}
