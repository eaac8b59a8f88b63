import type { Kysely, Transaction } from "kysely";
import type { ClockJobTable } from "../clean-up/clock-job-table.ts";
import type { OrphanedBlobTable } from "../clean-up/orphaned-blob-table.ts";
import type { AppTable } from "../apps/app-table.ts";
import type { AppUsageEventTable } from "../app-usage-events/app-usage-event-table.ts";
import type { AuditEventTable } from "../audit-events/audit-event-table.ts";
import type { ShellTicketTable } from "../build-shell/ticket-table.ts";
import type { BuildTable } from "../builds/build-table.ts";
import type {
  BuildLogChunkTable,
  BuildObservationTable,
  BuildSpanTable,
} from "../build-observations/observation-table.ts";
import type { BuildpackCacheTable } from "../buildpacks/buildpack-cache-table.ts";
import type { BuildpackTable } from "../buildpacks/buildpack-table.ts";
import type { DomainShareTable, DomainTable } from "../domains/domain-table.ts";
import type { DeploymentTable } from "../deployments/deployment-table.ts";
import type { DropletTable } from "../droplets/droplet-table.ts";
import type { EnvironmentVariableGroupTable } from "../environment-variable-groups/environment-variable-group-table.ts";
import type { FeatureFlagTable } from "../feature-flags/feature-flag-table.ts";
import type {
  IsolationSegmentEntitlementTable,
  IsolationSegmentTable,
} from "../isolation-segments/isolation-segment-table.ts";
import type { JobTable } from "../jobs/job-table.ts";
import type { MetadataTable } from "../metadata/metadata-table.ts";
import type { OrganizationTable } from "../organizations/organization-table.ts";
import type { PackageTable } from "../packages/package-table.ts";
import type { ProcessTable } from "../processes/process-table.ts";
import type { OrganizationQuotaTable } from "../quotas/organization-quota-table.ts";
import type { SpaceQuotaTable } from "../quotas/space-quota-table.ts";
import type {
  ResourceFileTable,
  ResourcePackTable,
  ResourceTable,
} from "../resource-matches/resource-table.ts";
import type { RevisionTable } from "../revisions/revision-table.ts";
import type { RoleTable } from "../roles/role-table.ts";
import type { RoutePolicyTable } from "../route-policies/route-policy-table.ts";
import type { DestinationTable, RouteShareTable, RouteTable } from "../routes/route-table.ts";
import type {
  SecurityGroupBindingTable,
  SecurityGroupTable,
} from "../security-groups/security-group-table.ts";
import type { SidecarTable } from "../sidecars/sidecar-table.ts";
import type { SpaceTable } from "../spaces/space-table.ts";
import type { StackTable } from "../stacks/stack-table.ts";
import type { TaskSequenceTable, TaskTable } from "../tasks/task-table.ts";
import type { UserTable } from "../users/user-table.ts";

/** Every table of Cloud Controller; each is declared beside the resource that alone writes it. */
export interface Schema {
  organizations: OrganizationTable;
  organizationQuotas: OrganizationQuotaTable;
  spaces: SpaceTable;
  spaceQuotas: SpaceQuotaTable;
  isolationSegments: IsolationSegmentTable;
  isolationSegmentEntitlements: IsolationSegmentEntitlementTable;
  users: UserTable;
  roles: RoleTable;
  apps: AppTable;
  processes: ProcessTable;
  routes: RouteTable;
  routeShares: RouteShareTable;
  routePolicies: RoutePolicyTable;
  destinations: DestinationTable;
  domains: DomainTable;
  domainShares: DomainShareTable;
  stacks: StackTable;
  jobs: JobTable;
  auditEvents: AuditEventTable;
  appUsageEvents: AppUsageEventTable;
  featureFlags: FeatureFlagTable;
  environmentVariableGroups: EnvironmentVariableGroupTable;
  securityGroups: SecurityGroupTable;
  securityGroupBindings: SecurityGroupBindingTable;
  metadata: MetadataTable;
  packages: PackageTable;
  resources: ResourceTable;
  resourceFiles: ResourceFileTable;
  resourcePacks: ResourcePackTable;
  builds: BuildTable;
  buildObservations: BuildObservationTable;
  buildLogChunks: BuildLogChunkTable;
  buildSpans: BuildSpanTable;
  droplets: DropletTable;
  buildpacks: BuildpackTable;
  buildpackCaches: BuildpackCacheTable;
  clockJobs: ClockJobTable;
  orphanedBlobs: OrphanedBlobTable;
  sidecars: SidecarTable;
  revisions: RevisionTable;
  deployments: DeploymentTable;
  tasks: TaskTable;
  taskSequences: TaskSequenceTable;
  shellTickets: ShellTicketTable;
}

export type Database = Kysely<Schema>;

/** What a query function takes: the database, or the transaction that an action has opened. */
export type Executor = Kysely<Schema> | Transaction<Schema>;
