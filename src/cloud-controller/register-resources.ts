import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { registerAppConfiguration } from "./apps/configuration-routes.ts";
import { appDelete } from "./apps/app-delete.ts";
import type { AppLog } from "./apps/app-log.ts";
import type { AppDataRemover, AppRunner, StagingStopper } from "./apps/app-runner.ts";
import { clearBuildpackCaches } from "./apps/clear-buildpack-cache.ts";
import { registerAppFeatures } from "./apps/feature-routes.ts";
import { registerApps } from "./apps/routes.ts";
import { registerAppUsageEvents } from "./app-usage-events/routes.ts";
import { registerAuditEvents } from "./audit-events/routes.ts";
import type { CloudControllerConfig } from "./config.ts";
import type { Database } from "./database/schema.ts";
import { domainDelete } from "./domains/domain-delete.ts";
import { registerDomains } from "./domains/routes.ts";
import { registerEnvironmentVariableGroups } from "./environment-variable-groups/routes.ts";
import { registerFeatureFlags } from "./feature-flags/routes.ts";
import type { ApiServer } from "./http/create-server.ts";
import type { Links } from "./http/links.ts";
import type { LongPoll } from "./http/long-poll.ts";
import type { Permissions } from "./http/permissions.ts";
import { registerAbsentServices } from "./info/absent-services.ts";
import { registerInfo } from "./info/routes.ts";
import type { Jobs } from "./jobs/jobs.ts";
import { registerJobs } from "./jobs/routes.ts";
import { registerEntitlements } from "./isolation-segments/relationship-routes.ts";
import { registerIsolationSegments } from "./isolation-segments/routes.ts";
import { applyManifest } from "./manifests/apply-manifest.ts";
import { registerManifests } from "./manifests/routes.ts";
import { organizationDelete } from "./organizations/organization-delete.ts";
import { registerOrganizationRelations } from "./organizations/related-routes.ts";
import { registerOrganizations } from "./organizations/routes.ts";
import type { InstanceReports } from "./processes/instance-reports.ts";
import { registerProcesses } from "./processes/routes.ts";
import { organizationQuotaDelete } from "./quotas/organization-quota-changes.ts";
import { registerOrganizationQuotas } from "./quotas/organization-quota-routes.ts";
import { spaceQuotaDelete } from "./quotas/space-quota-changes.ts";
import { registerSpaceQuotas } from "./quotas/space-quota-routes.ts";
import { registerRevisions } from "./revisions/routes.ts";
import { roleDelete } from "./roles/role-delete.ts";
import { registerRoles } from "./roles/routes.ts";
import { registerRoutePolicies } from "./route-policies/routes.ts";
import { registerDestinations } from "./routes/destination-routes.ts";
import { routeDelete, unmappedRoutesDelete } from "./routes/route-delete.ts";
import { registerRoutes } from "./routes/routes.ts";
import { registerSecurityGroupBindings } from "./security-groups/binding-routes.ts";
import { registerSecurityGroups } from "./security-groups/routes.ts";
import { securityGroupDelete } from "./security-groups/security-group-changes.ts";
import { registerSidecars } from "./sidecars/routes.ts";
import { registerSpaceRelations } from "./spaces/related-routes.ts";
import { registerSpaces } from "./spaces/routes.ts";
import { spaceDelete } from "./spaces/space-delete.ts";
import { registerStacks } from "./stacks/routes.ts";
import { registerUsers } from "./users/routes.ts";
import { userDelete } from "./users/user-delete.ts";
import type { UserDirectory } from "./users/user-directory.ts";

/** What the composition of the API has at hand; each resource is given only what it uses. */
export interface Core {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly links: Links;
  readonly longPoll: LongPoll;
  readonly jobs: Jobs;
  readonly permissions: Permissions;
  readonly appLog: AppLog;
  readonly users: UserDirectory;
  readonly config: CloudControllerConfig;
}

/** Who may be where: organizations, spaces, users, roles, and what an operator sets for all. */
export function registerTenancy(
  api: ApiServer,
  core: Core,
  { runner, remover }: { readonly runner: AppRunner; readonly remover: AppDataRemover },
): void {
  const { db, clock, links, longPoll, jobs, permissions, users, config, logger } = core;
  const { uaaUsers } = users;
  const { uaaUrl, logCacheUrl } = config;
  registerInfo(api, { db, links, uaaUrl, logCacheUrl, rateLimits: config.rateLimits });
  registerAbsentServices(api, { db, links, permissions });
  registerJobs(api, { db, jobs, links, longPoll });
  registerOrganizations(api, { db, clock, links, permissions, jobs });
  registerOrganizationRelations(api, { db, clock, links, permissions });
  registerOrganizationQuotas(api, { db, clock, links, permissions, jobs });
  registerSpaceQuotas(api, { db, clock, links, permissions, jobs });
  registerSpaces(api, { db, clock, links, permissions, jobs });
  registerSpaceRelations(api, { db, clock, links, permissions });
  registerIsolationSegments(api, { db, clock, links, permissions });
  registerEntitlements(api, { db, clock, links, permissions });
  registerUsers(api, { db, clock, links, permissions, jobs, uaaUsers });
  registerRoles(api, { db, clock, links, permissions, jobs, uaaUsers });
  registerAppUsageEvents(api, { db, clock, links, permissions });
  registerAuditEvents(api, { db, links, permissions });
  registerFeatureFlags(api, { db, clock, links });
  registerEnvironmentVariableGroups(api, { db, clock, links });
  registerStacks(api, { db, clock, links });
  registerSecurityGroups(api, {
    db,
    clock,
    links,
    permissions,
    jobs,
    rules: { commaDelimitedDestinations: config.commaDelimitedDestinations ?? false },
  });
  registerSecurityGroupBindings(api, { db, links, permissions });
  jobs.handle(organizationQuotaDelete({ db, clock }));
  jobs.handle(spaceQuotaDelete({ db, clock }));
  jobs.handle(securityGroupDelete(db));
  jobs.handle(userDelete(db, users));
  jobs.handle(roleDelete({ db, clock }));
  jobs.handle(spaceDelete({ db, clock, logger, runner, remover }));
  jobs.handle(organizationDelete({ db, clock, logger, runner, remover }));
}

/** What a developer changes: apps, processes, routes, domains, manifests. */
export function registerApplications(
  api: ApiServer,
  core: Core,
  parts: {
    readonly runner: AppRunner;
    readonly reports: InstanceReports;
    readonly remover: AppDataRemover;
    readonly stagings: StagingStopper;
  },
): void {
  const { db, clock, links, longPoll, jobs, permissions, appLog, config, logger } = core;
  const { runner, reports, remover, stagings } = parts;
  const { limits } = config;
  const { fileDescriptors } = config.staging.limits;
  const apps = {
    db,
    clock,
    links,
    permissions,
    limits,
    jobs,
    runner,
    remover,
    stagings,
    appLog,
    fileDescriptors,
  };
  registerApps(api, apps);
  registerAppConfiguration(api, apps);
  registerAppFeatures(api, apps);
  registerProcesses(api, {
    db,
    clock,
    links,
    permissions,
    limits,
    runner,
    reports,
    longPoll,
    appLog,
    fileDescriptors,
  });
  registerRevisions(api, { db, clock, links, permissions });
  registerSidecars(api, { db, clock, links, permissions });
  registerRoutes(api, { db, clock, links, permissions, jobs, runner, limits });
  registerDestinations(api, { db, clock, links, permissions, jobs, runner, limits });
  registerRoutePolicies(api, { db, clock, links, permissions, runner });
  registerDomains(api, { db, clock, links, permissions, jobs });
  registerManifests(api, { db, clock, links, permissions, limits, jobs, appLog });
  jobs.handle(appDelete({ db, clock, logger, runner, remover }));
  for (const handler of clearBuildpackCaches(remover)) jobs.handle(handler);
  jobs.handle(routeDelete({ db, runner }));
  jobs.handle(unmappedRoutesDelete({ db, runner }));
  jobs.handle(domainDelete(db, (appGuid) => runner.routesChanged(appGuid)));
  jobs.handle(applyManifest({ db, clock, limits, runner, appLog }));
}
