import { hostname } from "node:os";
import path from "node:path";
import { bundleLifecycle } from "#buildpack-lifecycle/bundle.ts";
import {
  startCloudController,
  type CloudController,
} from "#cloud-controller/start-cloud-controller.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import { createKeptTaskClient } from "#diego/cell/rep/client.ts";
import { createLogCacheClient, type LogIngest } from "#log-cache/client.ts";
import type { LogCache } from "#log-cache/start-log-cache.ts";
import { stagingEnvironment } from "./host-settings.ts";
import { minimumFreeBytes, openBlobstore } from "./platform-blobstore.ts";
import { platformMetrics } from "./platform-metrics.ts";
import { installation, type PlatformPaths } from "./platform-paths.ts";
import { meter, type PlatformStart } from "./platform-start.ts";
import { uaaAdminSecret } from "./platform-state.ts";

/** Cloud Controller, as the platform's configuration and this start of it have it; it ends with the start. */
export async function openCloudController(
  start: PlatformStart,
  parts: { readonly bbs: BbsClient; readonly logs: LogIngest; readonly logCache: LogCache },
): Promise<CloudController> {
  const { config, paths, secret, state, api } = start;
  const { clock, logger } = start.dependencies;
  const { settings } = config;
  const blobstore = await openBlobstore({
    dataDir: config.dataDir,
    blobs: paths.blobs,
    asked: config.blobstoreUrl,
    say: start.dependencies.say,
  });
  const lifecycleBundle = await bundleLifecycle({ cacheDir: path.join(paths.cache, "lifecycle") });
  await start.ports.release(state.cloudControllerPort);
  const cloudController = await startCloudController(
    {
      database: start.databases.cloudController,
      externalUrl: api,
      uaaUrl: `${api}/uaa`,
      logCacheUrl: api,
      appsDomain: config.domain,
      routerPort: state.routerPort,
      internalPort: start.state.cloudControllerPort,
      ...("url" in start.databases.cloudController ? { processName: processName(paths) } : {}),
      secret,
      defaultStack: "cflinuxfs4",
      cleanUp: settings.cleanUp,
      limits: settings.limits,
      ...(settings.rateLimits === undefined ? {} : { rateLimits: settings.rateLimits }),
      longPollMs: settings.longPollMs,
      warmUpAfterMs: 3_000,
      bodyPace: settings.bodyPace,
      ...(settings.otlpEndpoint === undefined ? {} : { otlpEndpoint: settings.otlpEndpoint }),
      commaDelimitedDestinations: settings.commaDelimitedDestinations,
      uaaClient: { id: "admin", secret: uaaAdminSecret(state) },
      staging: {
        workDirectory: paths.work,
        handoverDirectory: paths.handover,
        isObserved: settings.observe,
        minimumFreeBytes,
        lifecycleBundle,
        shippedBuildpacksDirectory: path.join(installation, "buildpacks"),
        signingSecret: state.signingSecret,
        stagingEnvironment: stagingEnvironment(start.host),
        lang: start.host.lang,
        limits: settings.stagingLimits,
        resourceCache: settings.resourceCache,
        syncIntervalMs: settings.syncIntervalMs,
        keepFailedMs: settings.failedStagings.keepMs,
        ...(settings.web === undefined ? {} : { dashboardUrl: `${api}/rivera/` }),
      },
    },
    {
      clock,
      logger,
      bbs: parts.bbs,
      keptTasksOf: createKeptTaskClient(secret, clock),
      blobstore,
      logs: parts.logs,
      logCache: createLogCacheClient({ url: parts.logCache.url, secret }, { clock }),
      platformMetrics: platformMetrics(() => start.metrics, logger),
    },
  );
  meter(start, "cloud-controller", cloudController.internalUrl);
  return start.starting.use(cloudController);
}

/** Of several platforms on one database; a machine that comes back under another name waits a minute for its own jobs. */
function processName(paths: PlatformPaths): string {
  return `${hostname()}:${paths.work}`;
}
