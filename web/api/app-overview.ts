import * as z from "zod/mini";
import type { PlatformApi } from "./platform-api.ts";
import {
  appSchema,
  buildSchema,
  eventSchema,
  organizationSchema,
  pageOf,
  processSchema,
  routeSchema,
  spaceSchema,
  statsSchema,
  type App,
  type AuditEvent,
  type Build,
  type Instance,
  type Process,
  type Route,
} from "./records.ts";

export interface AppOverview {
  readonly app: App;
  readonly place: { readonly space: string; readonly organization: string };
  readonly processes: readonly (Process & { readonly stats: readonly Instance[] })[];
  readonly routes: readonly Route[];
  readonly lastBuild: Build | undefined;
  /** While an instance that is wanted does not run, the newest event that tells of a crash since the app was started. */
  readonly lastCrash: AuditEvent | undefined;
}

const appWithPlaceSchema = z.object({
  ...appSchema.shape,
  included: z.object({
    spaces: z.array(spaceSchema),
    organizations: z.array(organizationSchema),
  }),
});

export async function loadAppOverview(
  api: PlatformApi,
  guid: string,
  signal: AbortSignal,
): Promise<AppOverview> {
  const [app, processes, routes, builds] = await Promise.all([
    api.get(`v3/apps/${guid}?include=space.organization`, appWithPlaceSchema, { signal }),
    api.get(`v3/apps/${guid}/processes?per_page=100`, pageOf(processSchema), { signal }),
    api.get(`v3/apps/${guid}/routes?per_page=100`, pageOf(routeSchema), { signal }),
    loadBuilds(api, guid, signal, 1),
  ]);
  // One by one: a list hides the commands.
  const whole = await Promise.all(
    processes.resources.map(async ({ guid: process, instances }) => {
      const path = `v3/processes/${process}`;
      const isWanted = app.state === "STARTED" && instances > 0;
      const [record, stats] = await Promise.all([
        api.get(path, processSchema, { signal }),
        isWanted ? api.get(`${path}/stats`, statsSchema, { signal }) : undefined,
      ]);
      return { ...record, stats: stats?.resources ?? [] };
    }),
  );
  // Not the crashed alone: one that crashes again and again is starting between.
  const isAmiss = whole.some(({ stats }) => stats.some(({ state }) => state !== "RUNNING"));
  return {
    app,
    place: {
      space: app.included.spaces[0]?.name ?? "",
      organization: app.included.organizations[0]?.name ?? "",
    },
    processes: whole.sort(webFirst),
    routes: routes.resources,
    lastBuild: builds[0],
    lastCrash: isAmiss ? await loadLastCrash(api, app, signal) : undefined,
  };
}

function webFirst(a: Process, b: Process): number {
  if (a.type === b.type) return 0;
  if (a.type === "web" || b.type === "web") return a.type === "web" ? -1 : 1;
  return a.type < b.type ? -1 : 1;
}

export async function loadBuilds(
  api: PlatformApi,
  app: string,
  signal: AbortSignal,
  count = 50,
): Promise<readonly Build[]> {
  const path = `v3/apps/${app}/builds?order_by=-created_at&per_page=${count}`;
  return (await api.get(path, pageOf(buildSchema), { signal })).resources;
}

async function loadLastCrash(
  api: PlatformApi,
  app: App,
  signal: AbortSignal,
): Promise<AuditEvent | undefined> {
  const path = `v3/audit_events?target_guids=${app.guid}&types=audit.app.process.crash&order_by=-created_at&per_page=1`;
  const [crash] = (await api.get(path, pageOf(eventSchema), { signal })).resources;
  const isOfThisStart = crash !== undefined && crash.created_at >= (app.updated_at ?? "");
  return isOfThisStart ? crash : undefined;
}

export async function loadEvents(
  api: PlatformApi,
  app: string,
  signal: AbortSignal,
): Promise<readonly AuditEvent[]> {
  const path = `v3/audit_events?target_guids=${app}&order_by=-created_at&per_page=50`;
  return (await api.get(path, pageOf(eventSchema), { signal })).resources;
}
