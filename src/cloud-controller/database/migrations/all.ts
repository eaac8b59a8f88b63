import type { Migration } from "kysely/migration";
import { core } from "./0001-core.ts";
import { staging } from "./0002-staging.ts";
import { sidecars } from "./0010-sidecars.ts";
import { revisions } from "./0011-revisions.ts";
import { deployments } from "./0012-deployments.ts";
import { tasks } from "./0020-tasks.ts";
import { appUsageEvents } from "./0021-app-usage-events.ts";
import { spaceQuotas } from "./0030-space-quotas.ts";
import { isolationSegments } from "./0031-isolation-segments.ts";
import { securityGroupBindings } from "./0032-security-group-bindings.ts";
import { userNames } from "./0033-user-names.ts";
import { routing } from "./0040-routing.ts";
import { coreFilters } from "./0050-core-filters.ts";
import { jobLeases } from "./0060-jobs.ts";
import { clockJobs } from "./0061-clock-jobs.ts";
import { listIndexes } from "./0062-list-indexes.ts";
import { resourcePacks } from "./0070-resource-packs.ts";
import { resourceSizes } from "./0084-resource-sizes.ts";
import { packageLeases } from "./0085-package-leases.ts";
import { buildObservations } from "./0100-build-observations.ts";
import { resourceChecksums } from "./0110-resource-checksums.ts";
import { appsBySpace } from "./0120-apps-by-space.ts";
import { jobActors } from "./0122-job-actors.ts";
import { nameKeys } from "./0123-name-keys.ts";
import { toolchains } from "./0128-toolchains.ts";
import { shellTickets } from "./0132-shell-tickets.ts";
import { packageContent } from "./0148-package-content.ts";
import { appCounts } from "./0149-app-counts.ts";
import { jobRequests } from "./0161-job-requests.ts";

/** Forward only, in this order. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001-core": core,
  "0002-staging": staging,
  "0010-sidecars": sidecars,
  "0011-revisions": revisions,
  "0012-deployments": deployments,
  "0020-tasks": tasks,
  "0021-app-usage-events": appUsageEvents,
  "0030-space-quotas": spaceQuotas,
  "0031-isolation-segments": isolationSegments,
  "0032-security-group-bindings": securityGroupBindings,
  "0033-user-names": userNames,
  "0040-routing": routing,
  "0050-core-filters": coreFilters,
  "0060-jobs": jobLeases,
  "0061-clock-jobs": clockJobs,
  "0062-list-indexes": listIndexes,
  "0070-resource-packs": resourcePacks,
  "0084-resource-sizes": resourceSizes,
  "0085-package-leases": packageLeases,
  "0100-build-observations": buildObservations,
  "0110-resource-checksums": resourceChecksums,
  "0120-apps-by-space": appsBySpace,
  "0122-job-actors": jobActors,
  "0123-name-keys": nameKeys,
  "0128-toolchains": toolchains,
  "0132-shell-tickets": shellTickets,
  "0148-package-content": packageContent,
  "0149-app-counts": appCounts,
  "0161-job-requests": jobRequests,
};
