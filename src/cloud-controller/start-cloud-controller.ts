import type { Registry } from "prom-client";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { MeteredBlobstore } from "#blobstore/metered-blobstore.ts";
import { openDatabase } from "#db/open-database.ts";
import { queryMeter } from "#db/query-metrics.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import type { KeptTaskClient } from "#diego/cell/rep/client.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { HttpHandler, UpgradeHandler } from "#kernel/http/mounted.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { meterRequests, serveMetrics } from "#kernel/metrics/http-metrics.ts";
import { meterLoops } from "#kernel/metrics/loop-metrics.ts";
import { createRegistry } from "#kernel/metrics/registry.ts";
import type { Loop, LoopStatus } from "#kernel/loop/loop.ts";
import type { LogCacheClient, LogIngest } from "#log-cache/client.ts";
import { AppLog } from "./apps/app-log.ts";
import { defaultCleanUp } from "./clean-up/clean-up-config.ts";
import { cleanUpLoop, cleanUpRuns } from "./clean-up/clean-up-loop.ts";
import type { CleanUpContext } from "./clean-up/clean-up.ts";
import { composeStaging } from "./compose-staging.ts";
import { holderOf, type CloudControllerConfig } from "./config.ts";
import { migrations } from "./database/migrations/all.ts";
import type { Schema } from "./database/schema.ts";
import { seed } from "./database/seed.ts";
import { followHost } from "./environment-variable-groups/find-environment-variable-group.ts";
import { createAuthenticate, type Authenticate } from "./http/authentication.ts";
import { defaultBodyPace } from "./http/body-pace.ts";
import { createServer, type ApiServer } from "./http/create-server.ts";
import { Links } from "./http/links.ts";
import { Changes, LongPoll } from "./http/long-poll.ts";
import { RateLimiter } from "./http/rate-limit.ts";
import { Permissions } from "./http/permissions.ts";
import { createInternalServer, listenOnLoopback } from "./internal-server.ts";
import { Jobs } from "./jobs/jobs.ts";
import { meterLongPolls } from "./metrics/long-poll-metrics.ts";
import { registerPlatformMetrics } from "./metrics/routes.ts";
import { registerLogAccess } from "./apps/log-access.ts";
import { registerApplications, registerTenancy, type Core } from "./register-resources.ts";
import { createUaaUsers, type UaaUsers } from "./users/uaa-users.ts";
import { UserDirectory } from "./users/user-directory.ts";

export interface CloudController extends AsyncDisposable {
  /** Serves `/`, `/v3`; to be mounted on the platform's public origin. */
  readonly handler: HttpHandler;
  /** The same for what is to become a WebSocket. */
  readonly upgrade: UpgradeHandler;
  /** Of the listener for Diego's side and log-cache. */
  readonly internalUrl: string;
}

export interface CloudControllerDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bbs: BbsClient;
  /** By the URL of a cell's rep. */
  readonly keptTasksOf: (repUrl: string) => KeptTaskClient;
  readonly blobstore: Blobstore;
  readonly logs: LogIngest;
  readonly logCache: LogCacheClient;
  /** Of all components in Prometheus' text, for `GET /rivera/v1/metrics`; default: Cloud Controller's own. */
  readonly platformMetrics?: () => Promise<string>;
}

export async function startCloudController(
  config: CloudControllerConfig,
  given: CloudControllerDependencies,
): Promise<CloudController> {
  const { clock } = given;
  const registry = createRegistry("cloud-controller");
  const dependencies = { ...given, blobstore: new MeteredBlobstore(given.blobstore, registry) };
  const logger = dependencies.logger.child("cloud-controller");
  await using starting = new AsyncDisposableStack();
  const db = starting.adopt(
    await openDatabase<Schema>(config.database, migrations, queryMeter(registry)),
    (opened) => opened.destroy(),
  );
  await seed(db, { clock, config });
  await followHost(db, { clock, variables: config.staging.stagingEnvironment });

  const stopping = new AbortController();
  const changes = new Changes();
  const links = new Links(config.externalUrl);
  const longPoll = new LongPoll({
    clock,
    changes,
    stopping: stopping.signal,
    defaultMs: config.longPollMs,
  });
  const jobs = starting.use(new Jobs({ db, clock, logger, changes, holder: holderOf(config) }));
  const users = new UserDirectory(db, clock, uaaUsersOf(config, clock));
  const authenticate = createAuthenticate({ uaaUrl: config.uaaUrl, clock });

  const { api, internal } = openServers(starting, {
    config,
    clock,
    logger,
    registry,
    users,
    authenticate,
    platformMetrics: dependencies.platformMetrics,
  });
  meterLongPolls(registry, longPoll);
  starting.defer(() => stopping.abort());

  const core: Core = {
    db,
    clock,
    logger,
    links,
    longPoll,
    jobs,
    permissions: new Permissions(db),
    appLog: new AppLog(dependencies.logs, clock),
    users,
    config,
  };
  let internalUrl = "";
  const staging = starting.use(
    composeStaging({
      ...dependencies,
      ...core,
      registry,
      changes,
      stopping: stopping.signal,
      servers: { api, internal },
      internalUrl: () => internalUrl,
    }),
  );
  const { runner, reports, appData: remover, stagings, upgrade } = staging;
  registerTenancy(api, core, { runner, remover });
  registerApplications(api, core, { runner, reports, remover, stagings });
  registerLogAccess(internal, core, authenticate);
  const cleaning = starting.use(startCleanUp({ ...dependencies, ...core }, internal));
  showLoops(internal, registry, () => [...jobs.status(), ...staging.loops(), cleaning.status()]);

  internalUrl = await listenOnLoopback(internal, config.internalPort);
  await api.ready();
  await staging.start();
  jobs.start();
  const running = starting.move();
  return {
    handler: (request, response) => api.routing(request, response),
    upgrade,
    internalUrl,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The two listeners, before their routes; both count. */
function openServers(
  starting: AsyncDisposableStack,
  of: Pick<CloudControllerDependencies, "clock" | "logger"> & {
    readonly config: CloudControllerConfig;
    readonly registry: Registry;
    readonly users: UserDirectory;
    readonly authenticate: Authenticate;
    readonly platformMetrics: CloudControllerDependencies["platformMetrics"] | undefined;
  },
): { readonly api: ApiServer; readonly internal: ApiServer } {
  const { config, clock, logger, registry, users, authenticate } = of;
  const internal = starting.adopt(
    createInternalServer({ secret: config.secret, logger }),
    (server) => server.close(),
  );
  const api = starting.adopt(
    createServer({
      logger,
      clock,
      bodyPace: config.bodyPace ?? defaultBodyPace,
      authenticate,
      onCaller: (auth) => users.noteCaller(auth),
      rateLimiter:
        config.rateLimits === undefined ? undefined : new RateLimiter(config.rateLimits, clock),
    }),
    (server) => server.close(),
  );
  meterRequests(api, registry);
  serveMetrics(internal, registry);
  registerPlatformMetrics(api, of);
  return { api, internal };
}

function showLoops(
  internal: ApiServer,
  registry: Registry,
  loops: () => readonly LoopStatus[],
): void {
  meterLoops(registry, loops);
  internal.get("/loops", async () => loops());
}

/** Its first round begins at once; what each subject last did is shown on the internal listener. */
function startCleanUp(
  core: Pick<CleanUpContext, "db" | "blobstore" | "clock"> & Pick<Core, "logger" | "config">,
  internal: ApiServer,
): Loop {
  const context = { ...core, config: core.config.cleanUp ?? defaultCleanUp };
  internal.get("/clean-up", async () => await cleanUpRuns(context));
  return cleanUpLoop(context).start();
}

function uaaUsersOf(
  { uaaUrl, uaaClient: client }: CloudControllerConfig,
  clock: Clock,
): UaaUsers | undefined {
  return client === undefined ? undefined : createUaaUsers({ uaaUrl, client, clock });
}
