import type { Registry } from "prom-client";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { FreeSpace } from "#blobstore/free-space.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop, type LoopStatus } from "#kernel/loop/loop.ts";
import type { LogCacheClient } from "#log-cache/client.ts";
import type { AppLog } from "./apps/app-log.ts";
import type { AppDataRemover, AppRunner, StagingStopper } from "./apps/app-runner.ts";
import { BlobUrls } from "./blobs/blob-urls.ts";
import { registerBlobs } from "./blobs/blob-routes.ts";
import { registerBlobUpkeep } from "./blobs/upkeep-routes.ts";
import { SignedUrls } from "./blobs/signed-urls.ts";
import type { BuildObservations } from "./build-observations/build-observations.ts";
import { composeObservations } from "./build-observations/compose-observations.ts";
import { composeBuildShell } from "./build-shell/compose-build-shell.ts";
import type { UpgradeHandler } from "#kernel/http/mounted.ts";
import type { KeptTaskClient } from "#diego/cell/rep/client.ts";
import { registerBuildRetry } from "./build-retry/retry-routes.ts";
import { removeRetryInputs } from "./build-retry/stage-retries.ts";
import { registerBuilds } from "./builds/routes.ts";
import { registerBuildpacks } from "./buildpacks/routes.ts";
import { installShippedBuildpacks } from "./buildpacks/shipped-buildpacks.ts";
import { holderOf, type CloudControllerConfig } from "./config.ts";
import type { Database } from "./database/schema.ts";
import { DropletRetention } from "./droplets/droplet-retention.ts";
import { DeploymentUpdater } from "./deployments/deployment-updater.ts";
import { registerDeployments } from "./deployments/routes.ts";
import { registerDroplets } from "./droplets/routes.ts";
import type { ApiServer } from "./http/create-server.ts";
import type { Links } from "./http/links.ts";
import type { Changes, LongPoll } from "./http/long-poll.ts";
import type { Permissions } from "./http/permissions.ts";
import type { Jobs } from "./jobs/jobs.ts";
import { uploadsOfJobs } from "./jobs/uploads-of-jobs.ts";
import { stagingMetrics, type StagingMetrics } from "./metrics/staging-metrics.ts";
import { PackageCopies } from "./packages/package-copy.ts";
import { leasePeriodMs, PackageLeases } from "./packages/package-leases.ts";
import { PackageProcessing } from "./packages/package-processing.ts";
import { recoverPackages } from "./packages/package-recovery.ts";
import { PackageRetention } from "./packages/package-retention.ts";
import { registerPackages } from "./packages/routes.ts";
import { UploadWorkspaces } from "./packages/upload-workspaces.ts";
import type { InstanceReports } from "./processes/instance-reports.ts";
import { ResourceCache } from "./resource-matches/resource-cache.ts";
import {
  defaultResourceCache,
  type ResourceCacheConfig,
} from "./resource-matches/resource-cache-config.ts";
import { ResourcePacks } from "./resource-matches/resource-packs.ts";
import { resourceUpkeepLoop } from "./resource-matches/resource-upkeep.ts";
import { MatchReferences } from "./resource-matches/match-references.ts";
import { MatchingWarmUp } from "./resource-matches/matching-warm-up.ts";
import { registerResourceMatches } from "./resource-matches/routes.ts";
import { DiegoRunner } from "./running/diego-runner.ts";
import { InstanceReportsFromDiego } from "./running/instance-reports-from-diego.ts";
import { LrpEvents } from "./running/lrp-events.ts";
import { syncProcesses } from "./running/process-sync.ts";
import { StagedAppData } from "./staging/app-data-remover.ts";
import { BuildEnding } from "./staging/build-ending.ts";
import { registerStaging } from "./staging/internal-routes.ts";
import { Stager } from "./staging/stager.ts";
import { StagingCancellation } from "./staging/staging-cancellation.ts";
import { syncStaging } from "./staging/staging-sync.ts";
import { registerTaskCompletion } from "./tasks/internal-routes.ts";
import { registerTasks } from "./tasks/routes.ts";
import type { TaskStates } from "./tasks/task-ending.ts";
import type { TaskFactSource } from "./tasks/task-facts.ts";
import { TaskRunner } from "./tasks/task-runner.ts";
import { syncTasks } from "./tasks/task-sync.ts";

export interface StagingDependencies {
  readonly config: CloudControllerConfig;
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bbs: BbsClient;
  readonly keptTasksOf: (repUrl: string) => KeptTaskClient;
  readonly blobstore: Blobstore;
  readonly registry: Registry;
  readonly logCache: LogCacheClient;
  readonly appLog: AppLog;
  readonly changes: Changes;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
  readonly longPoll: LongPoll;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
  readonly servers: { readonly api: ApiServer; readonly internal: ApiServer };
  /** Known once the internal listener is bound. */
  readonly internalUrl: () => string;
}

/** The way from source to running app: packages, builds, droplets, buildpacks, and what of it runs in Diego. */
export interface StagingAndRunning extends AsyncDisposable {
  readonly runner: AppRunner;
  readonly reports: InstanceReports;
  readonly appData: AppDataRemover;
  readonly stagings: StagingStopper;
  /** Of connections that ask to become WebSockets. */
  readonly upgrade: UpgradeHandler;
  /** Once the listeners are bound: recovers what a crash interrupted, installs buildpacks, begins the loops. */
  start(): Promise<void>;
  loops(): readonly LoopStatus[];
}

export function composeStaging(dependencies: StagingDependencies): StagingAndRunning {
  const { config, db, clock, logger, bbs, blobstore, servers } = dependencies;
  const { limits } = config.staging;
  const common = { ...dependencies, limits };
  const { signedUrls, blobUrls } = composeUrls(dependencies);
  const workspaces = new UploadWorkspaces(
    config.staging.workDirectory,
    config.staging.minimumFreeBytes ?? 0,
  );
  const { resources, resourceCache, matchReferences, upkeep, warmUps } =
    composeResources(dependencies);
  const metrics = stagingMetrics(dependencies.registry, db);
  const observations = composeObservations({ ...dependencies, metrics }, signedUrls);
  const ending = composeEnding({ ...dependencies, metrics }, observations);
  const apiUrl = config.externalUrl;
  const source = { db, blobUrls, apiUrl, config: config.staging, limits: config.limits };
  const stager = new Stager({ ...common, ...source, ending });
  const cancellation = new StagingCancellation({ db, bbs, ending, logger });
  const packages = composePackages({
    ...common,
    resources,
    resourceCache,
    space: workspaces.space,
  });
  const { maximumUploadBytes, stagingTimeoutMs } = limits;
  const routes = { ...common, blobUrls, workspaces, maximumUploadBytes, stagingTimeoutMs };

  const { handoverDirectory } = config.staging;
  registerBlobs(servers, {
    ...common,
    signedUrls,
    lifecycleBundle: config.staging.lifecycleBundle,
    handoverDirectory,
  });
  registerBlobUpkeep(servers.api, { db, blobstore, clock });
  registerResourceMatches(servers.api, { ...common, ...resourceCache, resources, matchReferences });
  registerPackages(servers.api, { ...routes, ...resourceCache, ...packages, matchReferences });
  const creation = { ...common, ...creationFrom(config), stager };
  registerBuilds(servers.api, { ...creation, cancellation });
  registerDroplets(servers.api, routes);
  registerBuildpacks(servers.api, routes);
  registerStaging(servers.internal, { ...common, signedUrls, ending, handoverDirectory });

  const { kept, upgrade } = composeBuildShell(dependencies);
  registerBuildRetry(servers.api, { ...routes, ...creation, kept });
  const runner = new DiegoRunner({ source, bbs, logger });
  const reports = new InstanceReportsFromDiego(dependencies);
  const updater = new DeploymentUpdater({ ...common, runner, reports });
  registerDeployments(servers.api, { ...dependencies, limits: config.limits, updater });
  const events = new LrpEvents({
    ...common,
    instanceChanged: (processGuid) => updater.instanceChanged(processGuid),
  });
  const loops = syncLoops(dependencies, {
    "process-sync": (signal) => syncProcesses({ source, bbs, runner, logger }, signal),
    "task-sync": composeTasks(dependencies, { source, signedUrls }),
    "staging-sync": () => syncStaging({ ...common, stager, ending, stagingTimeoutMs }),
    "kept-stagings": () => kept.releaseGone(),
    "stage-retries": () => removeRetryInputs(dependencies),
  });

  const running = [...loops, upkeep, packages.leaseLoop, updater];
  const owned = [...loops, upkeep, ...warmUps, updater, events, observations];

  return {
    runner,
    reports,
    appData: new StagedAppData({ ...dependencies, buildsRemoved: () => kept.releaseGone() }),
    upgrade,
    stagings: cancellation,
    async start() {
      const recovery = { ...common, ...resourceCache, ...packages, workspaces };
      await recoverPackages(recovery, await uploadsOfJobs(db));
      await installBuildpacksOf({ ...common, workspaces, stagingTimeoutMs });
      events.start();
      for (const each of [...running, ...warmUps]) each.start();
    },
    loops: () => running.map((each) => each.status()),
    [Symbol.asyncDispose]: () => disposeInOrder([...owned, ...packagesInOrder(packages)]),
  };
}

function creationFrom({ defaultStack, limits, staging }: CloudControllerConfig) {
  return { defaultStack, limits: { ...limits, ...staging.limits } };
}

async function installBuildpacksOf(
  context: Parameters<typeof installShippedBuildpacks>[0] & Pick<StagingDependencies, "config">,
): Promise<void> {
  const directory = context.config.staging.shippedBuildpacksDirectory;
  if (directory !== undefined) await installShippedBuildpacks(context, directory);
}

/** The leases last: what is being made is kept alive to its end. */
function packagesInOrder(packages: ReturnType<typeof composePackages>): AsyncDisposable[] {
  return [packages.processing, packages.copies, packages.leaseLoop];
}

async function disposeInOrder(parts: readonly AsyncDisposable[]): Promise<void> {
  for (const part of parts) await part[Symbol.asyncDispose]();
}

function composeUrls({ config, clock, internalUrl }: StagingDependencies) {
  const signedUrls = new SignedUrls(config.staging.signingSecret, clock);
  const { externalUrl } = config;
  return { signedUrls, blobUrls: new BlobUrls({ signedUrls, internalUrl, externalUrl }) };
}

function composeEnding(
  dependencies: StagingDependencies & { readonly metrics: StagingMetrics },
  observations: BuildObservations,
): BuildEnding {
  const kept = dependencies.config.staging.limits.dropletsKept;
  const retention = new DropletRetention({ ...dependencies, kept });
  return new BuildEnding({ ...dependencies, observations, retention });
}

function composeResources(dependencies: StagingDependencies) {
  const resourceCache = { ...defaultResourceCache, ...dependencies.config.staging.resourceCache };
  const packs = new ResourcePacks(dependencies);
  const resources = new ResourceCache({ ...dependencies, packs });
  const matchReferences = new MatchReferences(dependencies.clock);
  const context = {
    ...dependencies,
    cache: resources,
    packs,
    config: resourceCache,
    references: matchReferences,
  };
  const { warmUpAfterMs: afterMs } = dependencies.config;
  const warmUps = afterMs === undefined ? [] : [new MatchingWarmUp({ ...context, afterMs })];
  return {
    resources,
    resourceCache,
    matchReferences,
    upkeep: resourceUpkeepLoop(context),
    warmUps,
  };
}

function composePackages(
  dependencies: StagingDependencies & {
    readonly resources: ResourceCache;
    readonly resourceCache: ResourceCacheConfig;
    readonly space: FreeSpace;
  },
) {
  const { config, clock, logger } = dependencies;
  const { limits } = config.staging;
  const leases = new PackageLeases({ ...dependencies, holder: holderOf(config) });
  const retention = new PackageRetention({ ...dependencies, kept: limits.packagesKept });
  return {
    leases,
    processing: new PackageProcessing({ ...dependencies, limits, leases, retention }),
    copies: new PackageCopies({ ...dependencies, leases }),
    leaseLoop: new Loop({
      name: "package-leases",
      clock,
      logger,
      periodMs: leasePeriodMs,
      activation: () => leases.keepUp(),
    }),
  };
}

/** Tasks of apps; the result is one round of their sync. */
function composeTasks(
  dependencies: StagingDependencies,
  { source, signedUrls }: { readonly source: TaskFactSource; readonly signedUrls: SignedUrls },
): (signal: AbortSignal) => Promise<unknown> {
  const { config, servers, bbs, logger } = dependencies;
  const states: TaskStates = dependencies;
  const tasks = new TaskRunner({ source, states, bbs });
  registerTasks(servers.api, { ...dependencies, limits: config.limits, tasks });
  registerTaskCompletion(servers.internal, { states, signedUrls, logger });
  return (signal) => syncTasks({ states, bbs, logger }, signal);
}

function syncLoops(
  { config, clock, logger }: StagingDependencies,
  syncs: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>,
): readonly Loop[] {
  const { syncIntervalMs: periodMs } = config.staging;
  const named = Object.entries(syncs).map(([name, activation]) => ({ name, periodMs, activation }));
  return named.map((loop) => new Loop({ ...loop, clock, logger }));
}
