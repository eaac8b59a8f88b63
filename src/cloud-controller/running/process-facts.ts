import { sql } from "kysely";
import type { EnvironmentVariable } from "#diego/models/action.ts";
import { dropletBlob } from "../blobs/blob-keys.ts";
import { lifecyclePath } from "../blobs/blob-routes.ts";
import type { BlobUrls } from "../blobs/blob-urls.ts";
import { toApp, type App } from "../apps/app-table.ts";
import type { Database } from "../database/schema.ts";
import { toDroplet, type Droplet } from "../droplets/droplet-table.ts";
import { environmentVariableGroup } from "../environment-variable-groups/find-environment-variable-group.ts";
import { isOneOf } from "../http/page.ts";
import { toProcess, type Process } from "../processes/process-table.ts";
import { findRevisions } from "../revisions/find-revision.ts";
import type { Revision } from "../revisions/revision-table.ts";
import { sidecarsOfApps } from "../sidecars/find-sidecar.ts";
import { sidecarMemoryInMb } from "../sidecars/sidecar-memory.ts";
import { runningVariables } from "../staging/environment.ts";
import type { StagingConfig } from "../staging/staging-config.ts";
import { toToolchains } from "../staging/toolchains.ts";
import { appPlaces } from "./app-place.ts";
import type { ProcessFacts } from "./desired-lrp.ts";
import { toEgressRules } from "./egress-rules.ts";
import { placementTags } from "../isolation-segments/placement-tags.ts";
import { rulesOfSpaces } from "../security-groups/groups-of-spaces.ts";
import { mappedRoutes, urisOf, type MappedRoute } from "./mapped-routes.ts";
import { vcapApplication, type AppPlace } from "./vcap-application.ts";

export interface FactSource {
  readonly db: Database;
  readonly blobUrls: BlobUrls;
  readonly apiUrl: string;
  readonly config: Pick<StagingConfig, "lifecycleBundle" | "limits" | "lang">;
}

/** Whether a process is to have an LRP, by what is stored. */
export function isToRun(process: Process): boolean {
  return process.state === "STARTED" && process.instances > 0;
}

/**
 * What the LRPs of these processes are made of, in a handful of queries however many they are. Processes whose app has
 * no current droplet with bits are left out.
 */
export async function processFacts(
  source: FactSource,
  processes: readonly Process[],
): Promise<ProcessFacts[]> {
  const { db, blobUrls, config } = source;
  const apps = await appsOf(db, processes);
  const revisions = await findRevisions(
    db,
    processes.flatMap(({ revisionGuid }) => (revisionGuid === null ? [] : [revisionGuid])),
  );
  const droplets = await dropletsOf(db, [
    ...[...apps.values()].flatMap(({ dropletGuid }) => (dropletGuid === null ? [] : [dropletGuid])),
    ...[...revisions.values()].map(({ dropletGuid }) => dropletGuid),
  ]);
  const routes = await mappedRoutes(db, [...apps.keys()]);
  const sidecars = await sidecarsOfApps(db, [...apps.keys()]);
  const places = await appPlaces(db, [...new Set([...apps.values()].map((app) => app.spaceGuid))]);
  const group = await environmentVariableGroup(db, "running");
  const spaceGuids = [...places.keys()];
  const groups = await rulesOfSpaces(db, "running", spaceGuids);
  const egressRules = new Map([...groups].map(([guid, rules]) => [guid, toEgressRules(rules)]));
  const tags = await placementTags(db, spaceGuids);
  const { key } = config.lifecycleBundle;
  const lifecycle = {
    url: blobUrls.internal("GET", lifecyclePath(key), { permanent: true }),
    key,
  };
  return processes.flatMap((process) => {
    const app = apps.get(process.appGuid);
    const revision = revisionOf(process, app, revisions);
    const droplet =
      droplets.get(revision?.dropletGuid ?? "") ?? droplets.get(app?.dropletGuid ?? "");
    const place = places.get(app?.spaceGuid ?? "");
    if (app === undefined || place === undefined || droplet === undefined) return [];
    const tag = tags.get(app.spaceGuid);
    const { sha1, sha256 } = droplet;
    if (sha1 === null || sha256 === null) return [];
    const ofApp = routes.get(app.guid) ?? [];
    const surroundings = {
      process,
      app,
      place,
      routes: ofApp,
      group: group.variables,
      own: revision?.environmentVariables ?? app.environmentVariables,
    };
    const beside = (sidecars.get(app.guid) ?? []).filter(({ processTypes }) =>
      processTypes.includes(process.type),
    );
    const ownMemoryInMb = process.memoryInMb - sidecarMemoryInMb(beside, process.type);
    const blob = dropletBlob(droplet.guid, sha1);
    return [
      {
        process,
        app,
        place,
        stack: droplet.stack ?? app.lifecycle.stack ?? "",
        toolchains: toToolchains(droplet.toolchains),
        startCommand: startCommandOf(process, droplet, revision),
        executionMetadata: droplet.executionMetadata,
        droplet: { url: blobUrls.forCell(blob, { permanent: true }), sha256 },
        lifecycle,
        routes: ofApp.filter(({ processType }) => processType === process.type),
        sidecars: beside.map(({ name, command, memoryInMb }) => ({
          name,
          command,
          environment: environmentOf(source, surroundings, memoryInMb ?? process.memoryInMb),
        })),
        environment: environmentOf(source, surroundings, ownMemoryInMb),
        egressRules: egressRules.get(app.spaceGuid) ?? [],
        placementTags: tag === undefined ? [] : [tag],
        pidLimit: config.limits.pidLimit,
        lang: config.lang,
        fileDescriptors: config.limits.fileDescriptors,
      },
    ];
  });
}

/** What the process was started as; what the app is now reaches it with its next start. */
function revisionOf(
  process: Process,
  app: App | undefined,
  revisions: ReadonlyMap<string, Revision>,
): Revision | undefined {
  return app?.features.revisions === true ? revisions.get(process.revisionGuid ?? "") : undefined;
}

function startCommandOf(
  process: Process,
  droplet: Droplet,
  revision: Revision | undefined,
): string {
  const own = revision === undefined ? process.command : revision.commands[process.type];
  return own ?? droplet.processTypes[process.type] ?? "";
}

/** The started processes of a page, by id: the sync loop reads all of them so. */
export async function startedProcesses(
  db: Database,
  page: { readonly afterId: number; readonly limit: number },
): Promise<Process[]> {
  const rows = await db
    .selectFrom("processes")
    .selectAll()
    .where("state", "=", "STARTED")
    .where("instances", ">", 0)
    .where("id", ">", page.afterId)
    .orderBy("id")
    .limit(page.limit)
    .execute();
  return rows.map(toProcess);
}

/** `memoryInMb`: the part of the process's memory that what runs may have. */
function environmentOf(
  { apiUrl, config }: FactSource,
  of: {
    readonly process: Process;
    readonly app: App;
    readonly place: AppPlace;
    readonly routes: readonly MappedRoute[];
    readonly group: Readonly<Record<string, string>>;
    readonly own: Readonly<Record<string, unknown>>;
  },
  memoryInMb: number,
): EnvironmentVariable[] {
  const { process, app, place } = of;
  const application = vcapApplication({
    app,
    place,
    uris: urisOf(of.routes),
    apiUrl,
    version: process.version,
    limits: {
      fileDescriptors: config.limits.fileDescriptors,
      memoryInMb,
      diskInMb: process.diskInMb,
    },
    process,
  });
  return runningVariables({ group: of.group, app: of.own, application, memoryInMb });
}

async function appsOf(
  db: Database,
  processes: readonly Process[],
): Promise<ReadonlyMap<string, App>> {
  const guids = [...new Set(processes.map(({ appGuid }) => appGuid))];
  const rows = await db
    .selectFrom("apps")
    .selectAll()
    .where(isOneOf(sql.ref("guid"), guids))
    .execute();
  return new Map(rows.map((row) => [row.guid, toApp(row)]));
}

async function dropletsOf(
  db: Database,
  guids: readonly string[],
): Promise<ReadonlyMap<string, Droplet>> {
  const rows = await db
    .selectFrom("droplets")
    .selectAll()
    .where(isOneOf(sql.ref("guid"), guids))
    .execute();
  return new Map(rows.map((row) => [row.guid, toDroplet(row)]));
}
