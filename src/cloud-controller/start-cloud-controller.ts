import type { Blobstore } from "#blobstore/blobstore.ts";
import { openDatabase } from "#db/open-database.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { HttpHandler } from "#kernel/http/mounted.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { LogIngest } from "#log-cache/client.ts";
import type { CloudControllerConfig } from "./config.ts";
import { registerAuditEvents } from "./audit-events/routes.ts";
import { migrations } from "./database/migrations/all.ts";
import type { Schema } from "./database/schema.ts";
import { seed } from "./database/seed.ts";
import { registerEnvironmentVariableGroups } from "./environment-variable-groups/routes.ts";
import { registerFeatureFlags } from "./feature-flags/routes.ts";
import { createAuthenticate } from "./http/authentication.ts";
import { createServer } from "./http/create-server.ts";
import { Links } from "./http/links.ts";
import { Changes, LongPoll } from "./http/long-poll.ts";
import { Permissions } from "./http/permissions.ts";
import { registerInfo } from "./info/routes.ts";
import { createInternalServer, listenOnLoopback } from "./internal-server.ts";
import { Jobs } from "./jobs/jobs.ts";
import { registerJobs } from "./jobs/routes.ts";
import { registerOrganizationRelations } from "./organizations/related-routes.ts";
import { registerOrganizations } from "./organizations/routes.ts";
import { registerQuotas } from "./quotas/routes.ts";
import { roleDelete } from "./roles/role-delete.ts";
import { registerRoles } from "./roles/routes.ts";
import { registerSecurityGroups } from "./security-groups/routes.ts";
import { registerSpaceRelations } from "./spaces/related-routes.ts";
import { registerSpaces } from "./spaces/routes.ts";
import { registerStacks } from "./stacks/routes.ts";
import { registerUsers } from "./users/routes.ts";
import { createUaaUsers } from "./users/uaa-users.ts";
import { userDelete } from "./users/user-delete.ts";
import { UserDirectory } from "./users/user-directory.ts";

export interface CloudController extends AsyncDisposable {
  /** Serves `/`, `/v3`; to be mounted on the platform's public origin. */
  readonly handler: HttpHandler;
  /** Of the listener for Diego's side and log-cache. */
  readonly internalUrl: string;
}

export interface CloudControllerDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bbs: BbsClient;
  readonly blobstore: Blobstore;
  readonly logs: LogIngest;
}

export async function startCloudController(
  config: CloudControllerConfig,
  dependencies: CloudControllerDependencies,
): Promise<CloudController> {
  const { clock } = dependencies;
  const logger = dependencies.logger.child("cloud-controller");
  await using starting = new AsyncDisposableStack();
  const db = starting.adopt(
    await openDatabase<Schema>({ path: config.databasePath }, migrations),
    (opened) => opened.destroy(),
  );
  await seed(db, { clock, config });

  const stopping = new AbortController();
  const changes = new Changes();
  const links = new Links(config.externalUrl);
  const longPoll = new LongPoll({
    clock,
    changes,
    stopping: stopping.signal,
    defaultMs: config.longPollMs,
  });
  const jobs = starting.use(new Jobs({ db, clock, logger, changes }));
  const users = new UserDirectory(db, clock);

  const internal = starting.adopt(
    createInternalServer({ secret: config.secret, logger }),
    (server) => server.close(),
  );
  const api = starting.adopt(
    createServer({
      logger,
      authenticate: createAuthenticate({ tokenKeysUrl: `${config.uaaUrl}/token_keys`, clock }),
      onCaller: (auth) => users.noteCaller(auth),
    }),
    (server) => server.close(),
  );
  starting.defer(() => stopping.abort());

  const permissions = new Permissions(db);
  const uaaUsers =
    config.uaaClient === undefined
      ? undefined
      : createUaaUsers({ uaaUrl: config.uaaUrl, client: config.uaaClient, clock });
  const { uaaUrl, logCacheUrl } = config;

  registerInfo(api, { db, links, uaaUrl, logCacheUrl });
  registerJobs(api, { jobs, links, longPoll });
  registerOrganizations(api, { db, clock, links, permissions, jobs });
  registerOrganizationRelations(api, { db, links, permissions });
  registerQuotas(api, { db, clock, links, permissions });
  registerSpaces(api, { db, clock, links, permissions, jobs });
  registerSpaceRelations(api, { db, clock, links, permissions });
  registerUsers(api, { db, clock, links, permissions, jobs, uaaUsers });
  registerRoles(api, { db, clock, links, permissions, jobs, uaaUsers });
  registerAuditEvents(api, { db, links, permissions });
  registerFeatureFlags(api, { db, clock, links });
  registerEnvironmentVariableGroups(api, { db, clock, links });
  registerStacks(api, { db, clock, links });
  registerSecurityGroups(api, { db, links });

  jobs.handle(userDelete(db, users));
  jobs.handle(roleDelete(db));

  const internalUrl = await listenOnLoopback(internal, config.internalPort);
  await api.ready();
  jobs.start();
  const running = starting.move();
  return {
    handler: (request, response) => api.routing(request, response),
    internalUrl,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
