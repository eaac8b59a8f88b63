import * as z from "zod/mini";
import type { PlatformApi } from "./platform-api.ts";
import {
  appsSchema,
  buildSchema,
  pageOf,
  processSchema,
  routeSchema,
  statsSchema,
  type App,
  type Build,
  type Process,
} from "./records.ts";

/** An app as a line of the list. */
export interface AppLine {
  readonly app: App;
  readonly place: { readonly space: string; readonly organization: string };
  readonly instances: { readonly running: number; readonly wanted: number };
  readonly crashed: boolean;
  readonly memoryInMb: number;
  readonly routes: readonly string[];
  readonly lastBuild: Build | undefined;
}

export interface AppsPage {
  readonly lines: readonly AppLine[];
  readonly total: number;
  readonly pages: number;
}

/** Each app costs a question for its instances: so many are shown at once. */
const perPage = 25;

export async function loadAppsPage(
  api: PlatformApi,
  asked: { readonly space: string | undefined; readonly page: number },
  signal: AbortSignal,
): Promise<AppsPage> {
  const query = new URLSearchParams({
    order_by: "name",
    per_page: String(perPage),
    page: String(asked.page),
    include: "space.organization",
    ...(asked.space === undefined ? {} : { space_guids: asked.space }),
  });
  const found = await api.get(`v3/apps?${query.toString()}`, appsSchema, { signal });
  const guids = found.resources.map(({ guid }) => guid);
  const [processes, routes, builds] = await Promise.all([
    loadProcesses(api, guids, signal),
    loadRoutes(api, guids, signal),
    loadLastBuilds(api, guids, signal),
  ]);
  const spaces = new Map(found.included?.spaces?.map((space) => [space.guid, space]));
  const organizations = new Map(found.included?.organizations?.map((org) => [org.guid, org.name]));
  const lines = await Promise.all(
    found.resources.map(async (app): Promise<AppLine> => {
      const own = processes.filter(
        ({ relationships }) => relationships.app.data?.guid === app.guid,
      );
      const space = spaces.get(app.relationships.space.data?.guid ?? "");
      const organization = space?.relationships.organization.data?.guid ?? "";
      return {
        app,
        place: { space: space?.name ?? "", organization: organizations.get(organization) ?? "" },
        ...(await countInstances(api, app, { own, signal })),
        memoryInMb: own.reduce((sum, one) => sum + one.memory_in_mb * one.instances, 0),
        routes: routes
          .filter(({ destinations }) => destinations.some((to) => to.app.guid === app.guid))
          .map(({ url }) => url),
        lastBuild: builds.get(app.guid),
      };
    }),
  );
  const { total_results: total, total_pages: pages } = found.pagination;
  return { lines, total, pages };
}

async function countInstances(
  api: PlatformApi,
  app: App,
  facts: { readonly own: readonly Process[]; readonly signal: AbortSignal },
): Promise<Pick<AppLine, "instances" | "crashed">> {
  const started = app.state === "STARTED" ? facts.own.filter((one) => one.instances > 0) : [];
  const stats = await Promise.all(
    started.map((one) =>
      api.get(`v3/processes/${one.guid}/stats`, statsSchema, { signal: facts.signal }),
    ),
  );
  const states = stats.flatMap(({ resources }) => resources.map(({ state }) => state));
  return {
    instances: {
      running: states.filter((state) => state === "RUNNING").length,
      wanted: facts.own.reduce((sum, one) => sum + one.instances, 0),
    },
    crashed: states.includes("CRASHED"),
  };
}

async function loadProcesses(api: PlatformApi, apps: readonly string[], signal: AbortSignal) {
  if (apps.length === 0) return [];
  const query = new URLSearchParams({ app_guids: apps.join(","), per_page: "1000" });
  const schema = pageOf(processSchema);
  return (await api.get(`v3/processes?${query.toString()}`, schema, { signal })).resources;
}

async function loadRoutes(api: PlatformApi, apps: readonly string[], signal: AbortSignal) {
  if (apps.length === 0) return [];
  const query = new URLSearchParams({ app_guids: apps.join(","), per_page: "1000" });
  return (await api.get(`v3/routes?${query.toString()}`, pageOf(routeSchema), { signal }))
    .resources;
}

/** By app. The newest builds of all come in one answer; only an app that has none among them is asked for alone. */
async function loadLastBuilds(
  api: PlatformApi,
  apps: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Build>> {
  const last = new Map<string, Build>();
  if (apps.length === 0) return last;
  const newest = (query: Record<string, string>) =>
    api.get(
      `v3/builds?${new URLSearchParams({ order_by: "-created_at", ...query }).toString()}`,
      pageOf(buildSchema),
      { signal },
    );
  const found = await newest({ app_guids: apps.join(","), per_page: "100" });
  const keep = (builds: readonly Build[]) => {
    for (const build of builds) {
      const app = build.relationships.app.data?.guid;
      if (app !== undefined && !last.has(app)) last.set(app, build);
    }
  };
  keep(found.resources);
  if (found.pagination.total_pages > 1) {
    const absent = apps.filter((guid) => !last.has(guid));
    const answers = await Promise.all(
      absent.map((guid) => newest({ app_guids: guid, per_page: "1" })),
    );
    for (const { resources } of answers) keep(resources);
  }
  return last;
}

const spacesSchema = z.object({
  resources: z.array(
    z.object({
      guid: z.string(),
      name: z.string(),
      relationships: z.object({ organization: z.object({ data: z.object({ guid: z.string() }) }) }),
    }),
  ),
  included: z.object({
    organizations: z.array(z.object({ guid: z.string(), name: z.string() })),
  }),
});

export interface OrganizationWithSpaces {
  readonly name: string;
  readonly spaces: readonly { readonly guid: string; readonly name: string }[];
}

/** Every space that the user sees, by organization: 5,000 at most. */
export async function loadSpaces(
  api: PlatformApi,
  signal: AbortSignal,
): Promise<readonly OrganizationWithSpaces[]> {
  const path = "v3/spaces?per_page=5000&order_by=name&include=organization";
  const { resources, included } = await api.get(path, spacesSchema, { signal });
  return included.organizations
    .map((organization) => ({
      name: organization.name,
      spaces: resources.filter(
        (space) => space.relationships.organization.data.guid === organization.guid,
      ),
    }))
    .filter(({ spaces }) => spaces.length > 0)
    .sort((a, b) => a.name.localeCompare(b.name));
}
