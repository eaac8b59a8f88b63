import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { createAuctioneerClient } from "#diego/auctioneer/client.ts";
import { startAuctioneer } from "#diego/auctioneer/start-auctioneer.ts";
import { createBbsClient, type BbsClient } from "#diego/bbs/client.ts";
import { startBbs } from "#diego/bbs/start-bbs.ts";
import { createRepClient } from "#diego/cell/rep/client.ts";
import { startRouteEmitter } from "#diego/route-emitter/start-route-emitter.ts";
import { asInternalSecret } from "#kernel/http/internal-auth.ts";
import type { HttpHandler } from "#kernel/http/mounted.ts";
import { createLogIngest, type LogIngest } from "#log-cache/client.ts";
import { startLogCache, type LogCache } from "#log-cache/start-log-cache.ts";
import { createRouterClient } from "#router/client.ts";
import { startRouter } from "#router/start-router.ts";
import { startUaa, type Uaa } from "#uaa/start-uaa.ts";
import { dashboardClient } from "#web-server/dashboard-client.ts";
import { startWebServer } from "#web-server/start-web-server.ts";
import { describeRuntime, openRuntimes, startCells } from "./cells.ts";
import { openFrontDoor } from "./front-door.ts";
import { describeHostSettings, detectHostSettings } from "./host-settings.ts";
import type { PlatformConfig } from "./platform-config.ts";
import { openCloudController } from "./platform-cloud-controller.ts";
import { holdForThisPlatform, settleDatabases } from "./platform-databases.ts";
import { installation, platformPaths } from "./platform-paths.ts";
import { meter, type PlatformDependencies, type PlatformStart } from "./platform-start.ts";
import { uaaAdminSecret } from "./platform-state.ts";
import { HeldPorts } from "./held-ports.ts";
import { settlePorts } from "./ports.ts";

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
  const databases = settleDatabases({
    dataDir: config.dataDir,
    paths,
    asked: config.databaseUrl,
    state,
    say,
  });
  starting.use(await holdForThisPlatform(databases, dependencies));
  const start: PlatformStart = {
    config,
    dependencies,
    paths,
    state,
    ports,
    secret: asInternalSecret(state.internalSecret),
    host,
    api: `http://${config.host}:${state.apiPort}`,
    databases,
    starting,
    metrics: [],
  };
  for (const line of describeHostSettings(host)) say(`Host   ${line}`);

  const opening = openMeanwhile(start);
  const admin = { username: "admin", password: state.adminPassword };
  const { uaa, logCache, logs } = await startUaaAndLogCache(start, admin);
  const { bbs, routerUrl } = await startDiegoAndRouter(start, logs);
  const cloudController = await openCloudController(start, { bbs, logs, logCache });
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
function openMeanwhile({ config, paths, host, dependencies, starting }: PlatformStart) {
  const { clock, logger } = dependencies;
  const nodeModules = path.join(installation, "node_modules");
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

async function startUaaAndLogCache(
  start: PlatformStart,
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
  start: PlatformStart,
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

async function openDashboard({
  config,
  dependencies: { logger },
  ...start
}: PlatformStart): Promise<HttpHandler | undefined> {
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

function dashboardClients({ config, api }: PlatformStart) {
  const { web } = config.settings;
  return web === undefined ? [] : [dashboardClient([`${api}/rivera/`, ...web.addresses])];
}
