import { getAppByName, type App } from "../api/apps.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { activeDeployment, type Deployment } from "../api/deployments.ts";
import { getCurrentDroplet, type Droplet } from "../api/droplets.ts";
import {
  getProcess,
  listInstances,
  listProcesses,
  listProcessesOfApp,
  listSidecars,
  type Instance,
  type Process,
} from "../api/processes.ts";
import { listAppsOfSpace } from "../api/apps.ts";
import { listRoutes, listRoutesOfApp, type Route } from "../api/routes.ts";

export interface ProcessSummary {
  readonly process: Process;
  readonly sidecars: readonly { readonly name: string }[];
  readonly instances: readonly Instance[];
}

export interface AppSummary {
  readonly app: App;
  readonly processes: readonly ProcessSummary[];
  readonly routes: readonly Route[];
  readonly droplet: Droplet | undefined;
  readonly deployment: Deployment | undefined;
}

/** Everything that `app` shows. Start commands are asked for only where they are shown, one request a process. */
export async function getAppSummary(
  cc: CloudController,
  options: { readonly name: string; readonly spaceGuid: string; readonly withCommands: boolean },
): Promise<AppSummary> {
  const app = await getAppByName(cc, options.name, options.spaceGuid);
  const [processes, routes, droplet, deployment] = await Promise.all([
    summarizeProcesses(cc, app.guid, options.withCommands),
    listRoutesOfApp(cc, app.guid),
    getCurrentDroplet(cc, app.guid),
    activeDeployment(cc, app.guid),
  ]);
  return { app, processes, routes, droplet, deployment };
}

async function summarizeProcesses(
  cc: CloudController,
  appGuid: string,
  withCommands: boolean,
): Promise<ProcessSummary[]> {
  const processes: ProcessSummary[] = [];
  for (const listed of await listProcessesOfApp(cc, appGuid)) {
    const [process, sidecars, instances] = await Promise.all([
      withCommands ? getProcess(cc, listed.guid) : listed,
      listSidecars(cc, listed.guid),
      listInstances(cc, listed.guid),
    ]);
    processes.push({ process, sidecars, instances });
  }
  return processes.sort((a, b) => compareTypes(a.process.type, b.process.type));
}

export interface AppRow {
  readonly app: App;
  /** "web:1/2" and so on; undefined where they were not asked for. */
  readonly processes: string | undefined;
  readonly routes: readonly Route[];
}

const guidsPerRequest = 200;

export async function listAppRows(
  cc: CloudController,
  options: {
    readonly spaceGuid: string;
    readonly labels: string | undefined;
    readonly withProcesses: boolean;
  },
): Promise<AppRow[]> {
  const { spaceGuid, labels, withProcesses } = options;
  const apps = await listAppsOfSpace(cc, spaceGuid, labels);
  const processes = withProcesses
    ? await listProcesses(cc, {
        space_guids: spaceGuid,
        embed: "process_instances",
        per_page: "5000",
      })
    : [];
  const processesByApp = Map.groupBy(processes, (it) => it.relationships?.app?.data?.guid ?? "");
  const routesByApp = await routesOf(cc, apps);
  return apps.map((app) => ({
    app,
    processes: withProcesses ? counts(processesByApp.get(app.guid) ?? []) : undefined,
    routes: routesByApp.get(app.guid) ?? [],
  }));
}

async function routesOf(cc: CloudController, apps: readonly App[]): Promise<Map<string, Route[]>> {
  const byApp = new Map<string, Route[]>();
  for (let start = 0; start < apps.length; start += guidsPerRequest) {
    const guids = apps.slice(start, start + guidsPerRequest).map((app) => app.guid);
    for (const route of await listRoutes(cc, { app_guids: guids, per_page: "5000" })) {
      for (const { app } of route.destinations) {
        const guid = app.guid ?? "";
        byApp.set(guid, [...(byApp.get(guid) ?? []), route]);
      }
    }
  }
  return byApp;
}

function counts(processes: readonly Process[]): string {
  return [...processes]
    .sort((a, b) => compareTypes(a.type, b.type))
    .map(({ type, process_instances: instances }) => {
      const running = instances?.filter((instance) => instance.state === "RUNNING").length ?? 0;
      return `${type}:${running}/${instances?.length ?? 0}`;
    })
    .join(", ");
}

function compareTypes(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "web") return -1;
  return b === "web" || a > b ? 1 : -1;
}
