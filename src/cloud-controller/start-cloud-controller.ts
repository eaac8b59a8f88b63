import type { Blobstore } from "#blobstore/blobstore.ts";
import { openDatabase } from "#db/open-database.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import type { KeptTaskClient } from "#diego/cell/rep/client.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { HttpHandler, UpgradeHandler } from "#kernel/http/mounted.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Loop } from "#kernel/loop/loop.ts";
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
import { createAuthenticate } from "./http/authentication.ts";
import { createServer, type ApiServer } from "./http/create-server.ts";
import { Links } from "./http/links.ts";
import { Changes, LongPoll } from "./http/long-poll.ts";
import { RateLimiter } from "./http/rate-limit.ts";
import { Permissions } from "./http/permissions.ts";
import { createInternalServer, listenOnLoopback } from "./internal-server.ts";
import { Jobs } from "./jobs/jobs.ts";
import { registerLogAccess } from "./apps/log-access.ts";
import { registerApplications, registerTenancy, type Core } from "./register-resources.ts";
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
}

export async function startCloudController(
  config: CloudControllerConfig,
  dependencies: CloudControllerDependencies,
): Promise<CloudController> {
  const { clock } = dependencies;
  const logger = dependencies.logger.child("cloud-controller");
  await using starting = new AsyncDisposableStack();
  const db = starting.adopt(await openDatabase<Schema>(config.database, migrations), (opened) =>
    opened.destroy(),
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
  const users = new UserDirectory(db, clock);
  const authenticate = createAuthenticate({ uaaUrl: config.uaaUrl, clock });

  const internal = starting.adopt(
    createInternalServer({ secret: config.secret, logger }),
    (server) => server.close(),
  );
  const api = starting.adopt(
    createServer({
      logger,
      authenticate,
      onCaller: (auth) => users.noteCaller(auth),
      rateLimiter:
        config.rateLimits === undefined ? undefined : new RateLimiter(config.rateLimits, clock),
    }),
    (server) => server.close(),
  );
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
  internal.get("/loops", async () => [...jobs.status(), ...staging.loops(), cleaning.status()]);

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

/** Its first round begins at once; what each subject last did is shown on the internal listener. */
function startCleanUp(
  core: Pick<CleanUpContext, "db" | "blobstore" | "clock"> & Pick<Core, "logger" | "config">,
  internal: ApiServer,
): Loop {
  const context = { ...core, config: core.config.cleanUp ?? defaultCleanUp };
  internal.get("/clean-up", async () => await cleanUpRuns(context));
  return cleanUpLoop(context).start();
}
