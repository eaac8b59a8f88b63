import { hostname } from "node:os";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { bundleLifecycle } from "#buildpack-lifecycle/bundle.ts";
import {
  startCloudController,
  type CloudController,
} from "#cloud-controller/start-cloud-controller.ts";
import { createAuctioneerClient } from "#diego/auctioneer/client.ts";
import { startAuctioneer } from "#diego/auctioneer/start-auctioneer.ts";
import { createBbsClient, type BbsClient } from "#diego/bbs/client.ts";
import { startBbs } from "#diego/bbs/start-bbs.ts";
import { createKeptTaskClient, createRepClient } from "#diego/cell/rep/client.ts";
import { startRouteEmitter } from "#diego/route-emitter/start-route-emitter.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { asInternalSecret, type InternalSecret } from "#kernel/http/internal-auth.ts";
import type { HttpHandler } from "#kernel/http/mounted.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { createLogCacheClient, createLogIngest, type LogIngest } from "#log-cache/client.ts";
import { startLogCache, type LogCache } from "#log-cache/start-log-cache.ts";
import { createRouterClient } from "#router/client.ts";
import { startRouter } from "#router/start-router.ts";
import { startUaa, type Uaa } from "#uaa/start-uaa.ts";
import { dashboardClient } from "#web-server/dashboard-client.ts";
import { startWebServer } from "#web-server/start-web-server.ts";
import { openRuntimes, startCells } from "./cells.ts";
import { openFrontDoor } from "./front-door.ts";
import {
  describeHostSettings,
  detectHostSettings,
  stagingEnvironment,
  type HostSettings,
} from "./host-settings.ts";
import type { PlatformConfig } from "./platform-config.ts";
import { minimumFreeBytes, openBlobstore } from "./platform-blobstore.ts";
import { settleDatabases, type PlatformDatabases } from "./platform-databases.ts";
import { platformPaths, type PlatformPaths } from "./platform-paths.ts";
import { internalSource, platformMetrics, type MetricsSource } from "./platform-metrics.ts";
import { type PlatformState, uaaAdminSecret } from "./platform-state.ts";
import { HeldPorts } from "./held-ports.ts";
import { settlePorts } from "./ports.ts";

export interface PlatformDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A line for the person who starts the platform. */
  readonly say: (line: string) => void;
}

export interface Platform extends AsyncDisposable {
  readonly addresses: {
    readonly api: string;
    readonly uaa: string;
    readonly logCache: string;
    readonly router: string;
    /** Of the dashboard; undefined where it is switched off. */
    readonly web: string | undefined;
    readonly admin: { readonly username: string; readonly password: string };
    /** UAA's client that makes other clients, and logs in without a user. */
    readonly adminClient: { readonly id: string; readonly secret: string };
  };
}

/** What one start of the platform settles before its parts start. */
interface Start {
  readonly config: PlatformConfig;
  readonly dependencies: PlatformDependencies;
  readonly paths: PlatformPaths;
  readonly state: PlatformState;
  /** Each held until the part that listens there starts. */
  readonly ports: HeldPorts;
  readonly secret: InternalSecret;
  readonly host: HostSettings;
  readonly api: string;
  readonly databases: PlatformDatabases;
  readonly starting: AsyncDisposableStack;
  /** Of the components that have started so far. */
  readonly metrics: MetricsSource[];
}

const sources = path.resolve(import.meta.dirname, "../..");

/**
 * The composition root: every component in this process, with real HTTP on loopback between them. They start in the
 * order of their needs and stop in the reverse: the cells end their containers while the BBS still listens.
 */
export async function startPlatform(
  config: PlatformConfig,
  dependencies: PlatformDependencies,
): Promise<Platform> {
  const { clock, logger, say } = dependencies;
  await using starting = new AsyncDisposableStack();
  const paths = platformPaths(config.dataDir);
  // Whatever a killed run had on its way is nobody's.
  for (const name of readdirSync(paths.handover)) rmSync(path.join(paths.handover, name));
  const ports = starting.use(new HeldPorts());
  const state = await settlePorts(config, { say, held: ports });
  const host = detectHostSettings(dependencies.env);
  const start: Start = {
    config,
    dependencies,
    paths,
    state,
    ports,
    secret: asInternalSecret(state.internalSecret),
    host,
    api: `http://${config.host}:${state.apiPort}`,
    databases: settleDatabases({
      dataDir: config.dataDir,
      paths,
      asked: config.databaseUrl,
      state,
      say,
    }),
    starting,
    metrics: [],
  };
  for (const line of describeHostSettings(host)) say(`Host   ${line}`);

  const opening = openMeanwhile(start);
  const admin = { username: "admin", password: state.adminPassword };
  const { uaa, logCache, logs } = await startUaaAndLogCache(start, admin);
  const { bbs, routerUrl } = await startDiegoAndRouter(start, logs);
  const cloudController = await controlCloud(start, { bbs, logs, logCache });
  const web = await openDashboard(start);
  const runtimes = await opening.runtimes;
  for (const line of describeRuntime(runtimes[0])) say(line);
  const cells = starting.use(
    await startCells({
      config,
      paths,
      runtimes,
      secret: start.secret,
      dependencies: { clock, logger, bbs, logs },
    }),
  );
  opening.areOwned();
  for (const [index, url] of cells.urls.entries()) meter(start, `cell-${index + 1}`, url);
  await ports.release(state.apiPort);
  starting.use(
    await openFrontDoor(
      { host: config.host, port: state.apiPort },
      {
        uaa: uaa.handler,
        logCache: logCache.handler,
        cloudController: cloudController.handler,
        upgrade: cloudController.upgrade,
        web,
      },
    ),
  );
  const running = starting.move();
  return {
    addresses: {
      api: start.api,
      uaa: `${start.api}/uaa`,
      logCache: start.api,
      router: routerUrl,
      web: web === undefined ? undefined : `${start.api}/rivera/`,
      admin,
      adminClient: { id: "admin", secret: uaaAdminSecret(state) },
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/**
 * A real container is probed, which takes longest: the other parts start meanwhile. Where one of them cannot, the runtimes are
 * closed once they are open, for what they run would keep this process from its end; until `areOwned` is called.
 */
function openMeanwhile({ config, paths, host, dependencies, starting }: Start) {
  const { clock, logger } = dependencies;
  const nodeModules = path.join(sources, "node_modules");
  const runtimes = openRuntimes({
    config,
    paths,
    host,
    nodeModules,
    dependencies: { clock, logger },
  });
  let mayClose = true;
  starting.defer(async () => {
    const opened = await runtimes.catch(() => []);
    if (mayClose) await Promise.all(opened.map((runtime) => runtime[Symbol.asyncDispose]()));
  });
  runtimes.catch(() => undefined);
  return {
    runtimes,
    areOwned: () => {
      mayClose = false;
    },
  };
}

/** Adds the `/metrics` of an internal listener to those that are shown together. */
function meter(start: Start, name: string, url: string): void {
  const { clock } = start.dependencies;
  start.metrics.push(internalSource(name, url, { clock, secret: start.secret }));
}

async function startUaaAndLogCache(
  start: Start,
  admin: { readonly username: string; readonly password: string },
): Promise<{ uaa: Uaa; logCache: LogCache; logs: LogIngest }> {
  const { secret, state, starting } = start;
  const { clock, logger } = start.dependencies;
  const uaa = starting.use(
    await startUaa(
      {
        basePath: "/uaa",
        externalUrl: `${start.api}/uaa`,
        database: start.databases.uaa,
        admin,
        adminClientSecret: uaaAdminSecret(state),
        clients: dashboardClients(start),
        lockout: start.config.settings.lockout,
      },
      { clock, logger },
    ),
  );
  const logCache = starting.use(
    await startLogCache(
      { internalPort: 0, secret },
      {
        clock,
        logger,
        access: { logAccessUrl: `http://127.0.0.1:${start.state.cloudControllerPort}` },
      },
    ),
  );
  start.metrics.push({ name: "uaa", read: async () => await uaa.metrics() });
  meter(start, "log-cache", logCache.url);
  const logs = starting.use(
    createLogIngest({ url: logCache.url, secret }, { clock, logger: logger.child("log-ingest") }),
  );
  return { uaa, logCache, logs };
}

async function startDiegoAndRouter(
  start: Start,
  logs: LogIngest,
): Promise<{ bbs: BbsClient; routerUrl: string }> {
  const { config, secret, state, starting } = start;
  const { clock, logger } = start.dependencies;
  const bbs = createBbsClient({ url: `http://127.0.0.1:${start.state.bbsPort}`, secret, clock });
  const repClient = createRepClient(secret);
  const auctioneer = starting.use(
    await startAuctioneer({ port: 0, secret }, { clock, logger, bbs, repClient, logs }),
  );
  meter(start, "auctioneer", auctioneer.url);
  await start.ports.release(state.bbsPort);
  const board = starting.use(
    await startBbs(
      { database: start.databases.bbs, port: start.state.bbsPort, secret },
      {
        clock,
        logger: logger.child("bbs"),
        auctioneer: createAuctioneerClient({ url: auctioneer.url, secret }),
        repClient,
      },
    ),
  );
  meter(start, "bbs", board.url);
  await start.ports.release(state.routerPort);
  const router = starting.use(
    await startRouter(
      { port: state.routerPort, host: config.host, internalPort: 0, secret },
      { clock, logger, logs },
    ),
  );
  meter(start, "router", router.internalUrl);
  starting.use(
    await startRouteEmitter(
      {},
      {
        clock,
        logger,
        bbs,
        router: createRouterClient({ url: router.internalUrl, secret }, { clock }),
      },
    ),
  );
  return { bbs, routerUrl: router.url };
}

async function controlCloud(
  start: Start,
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
        shippedBuildpacksDirectory: path.join(sources, "buildpacks"),
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

async function openDashboard({
  config,
  dependencies: { logger },
  ...start
}: Start): Promise<HttpHandler | undefined> {
  if (config.settings.web === undefined) return undefined;
  const webServer = await startWebServer(
    {
      cacheDir: path.join(start.paths.cache, "web"),
      externalUrl: start.api,
      appsPort: start.state.routerPort,
    },
    { logger },
  );
  return start.starting.use(webServer).handler;
}

function dashboardClients({ config, api }: Start) {
  const { web } = config.settings;
  return web === undefined ? [] : [dashboardClient([`${api}/rivera/`, ...web.addresses])];
}

function describeRuntime(
  runtime:
    | {
        readonly description: {
          kind: string;
          enforced: readonly string[];
          notes: readonly string[];
        };
      }
    | undefined,
): string[] {
  if (runtime === undefined) return [];
  const { kind, enforced, notes } = runtime.description;
  const limits = enforced.length === 0 ? "nothing is enforced" : `enforced: ${enforced.join(", ")}`;
  return [`Cells  ${kind}, ${limits}`, ...notes.map((note) => `       ${note}`)];
}
