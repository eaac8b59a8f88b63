import { listAppsByGuid } from "../api/apps.ts";
import type { CloudController, Query } from "../api/cloud-controller.ts";
import { listRoutes, routeServiceNames, type Route } from "../api/routes.ts";
import { listSpaces } from "../api/spaces.ts";

const guidsPerRequest = 200;

/** The cells of the `routes` table, sorted by the name of their space. */
export async function listRouteRows(cc: CloudController, query: Query): Promise<string[][]> {
  const routes = await listRoutes(cc, query);
  if (routes.length === 0) return [];
  const spaces = await namesOf(routes.map(spaceGuid), (guids) => listSpaces(cc, { guids }));
  const apps = await namesOf(
    routes.flatMap(({ destinations }) => destinations.map(({ app }) => app.guid ?? "")),
    (guids) => listAppsByGuid(cc, guids),
  );
  const services = new Map<string, string>();
  for (const guids of chunks(routes.map(({ guid }) => guid))) {
    for (const [guid, name] of await routeServiceNames(cc, guids)) services.set(guid, name);
  }
  return routes
    .map((route) => row(route, { spaces, apps, services }))
    .sort(([a = ""], [b = ""]) => a.toLowerCase().localeCompare(b.toLowerCase()));
}

interface Names {
  readonly spaces: ReadonlyMap<string, string>;
  readonly apps: ReadonlyMap<string, string>;
  readonly services: ReadonlyMap<string, string>;
}

function row(route: Route, { spaces, apps, services }: Names): string[] {
  const protocols = route.destinations.flatMap(({ protocol }) => protocol ?? []);
  const ports = route.destinations.flatMap(({ port }) => port ?? []).filter((port) => port > 0);
  return [
    spaces.get(spaceGuid(route)) ?? "",
    route.host ?? "",
    domainOf(route),
    (route.port ?? 0) === 0 ? "" : String(route.port),
    route.path ?? "",
    route.protocol ?? "",
    [...new Set(protocols)].sort().join(", "),
    [...new Set(ports.map(String))].sort().join(", "),
    route.destinations.map(({ app }) => apps.get(app.guid ?? "") ?? "").join(", "),
    services.get(route.guid) ?? "",
    Object.entries(route.options ?? {})
      .map(([name, value]) => `{${name}=${String(value)}}`)
      .join(", "),
  ];
}

/** A route's URL without host, port and path is its domain. */
function domainOf({ url, host, path, port }: Route): string {
  let domain = url;
  if (host && domain.startsWith(`${host}.`)) domain = domain.slice(host.length + 1);
  if (path && domain.endsWith(path)) domain = domain.slice(0, -path.length);
  if (port && domain.endsWith(`:${port}`)) domain = domain.slice(0, -`:${port}`.length);
  return domain;
}

function spaceGuid(route: Route): string {
  return route.relationships?.space.data.guid ?? "";
}

async function namesOf(
  guids: readonly string[],
  list: (guids: readonly string[]) => Promise<{ guid: string; name: string }[]>,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const chunk of chunks([...new Set(guids)].filter((guid) => guid !== ""))) {
    for (const { guid, name } of await list(chunk)) names.set(guid, name);
  }
  return names;
}

function chunks(guids: readonly string[]): string[][] {
  const result: string[][] = [];
  for (let start = 0; start < guids.length; start += guidsPerRequest) {
    result.push(guids.slice(start, start + guidsPerRequest));
  }
  return result;
}
