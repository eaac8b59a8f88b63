import { sql } from "kysely";
import { z } from "zod";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";

/** A route as it leads to processes of an app. */
export interface MappedRoute {
  readonly processType: string;
  /** `host.domain/path`. */
  readonly hostname: string;
  /** Null: the process's first port. */
  readonly port: number | null;
  readonly protocol: "http1" | "http2";
  readonly options: Readonly<Record<string, unknown>>;
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
      "domains.name as domain",
    ])
    .where(isOneOf(sql.ref("destinations.appGuid"), appGuids))
    .orderBy("destinations.id")
    .execute();
  const routes = new Map<string, MappedRoute[]>();
  for (const row of rows) {
    const { processType, port, protocol } = row;
    const fqdn = row.host === "" ? row.domain : `${row.host}.${row.domain}`;
    const options = optionsColumn.parse(JSON.parse(row.options));
    const route = { processType, hostname: `${fqdn}${row.path}`, port, protocol, options };
    const known = routes.get(row.appGuid);
    if (known === undefined) routes.set(row.appGuid, [route]);
    else known.push(route);
  }
  return routes;
}

/** The addresses of an app, as VCAP_APPLICATION lists them. */
export function urisOf(routes: readonly MappedRoute[]): string[] {
  return [...new Set(routes.map(({ hostname }) => hostname))];
}
