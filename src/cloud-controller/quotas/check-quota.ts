import { sql, type SqlBool } from "kysely";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { Process } from "../processes/process-table.ts";
import {
  processFaults,
  routeFault,
  taskFaults,
  type QuotaScope,
  type TaskDemand,
  type Use,
  type UsedScope,
} from "./quota-faults.ts";
import { toLimits } from "./quota-limits.ts";

/**
 * What the quotas of the space and its organization have against these processes as they are to be. Only started ones
 * count. `logRateCounts` is false where neither state, instances nor log rate change: then the log rate is not checked.
 */
export async function quotaFaults(
  db: Executor,
  {
    spaceGuid,
    changed,
    logRateCounts = true,
  }: {
    readonly spaceGuid: string;
    readonly changed: readonly Process[];
    readonly logRateCounts?: boolean;
  },
): Promise<string[]> {
  const started = changed.filter((process) => process.state === "STARTED");
  if (started.length === 0) return [];
  const guids = started.map((process) => process.guid);
  const scopes = await usedScopes(db, spaceGuid, guids);
  return processFaults(scopes, { started, logRateCounts });
}

/** What the quotas have against a task that is to be; a task that exists already is not counted once more. */
export async function taskQuotaFaults(
  db: Executor,
  { spaceGuid, task }: { readonly spaceGuid: string; readonly task: TaskDemand },
): Promise<string[]> {
  return taskFaults(await usedScopes(db, spaceGuid), task);
}

/** The quotas that hold in a space, with what is in use of each but for these processes. */
export async function usedScopes(
  db: Executor,
  spaceGuid: string,
  withoutProcesses: readonly string[] = [],
): Promise<readonly UsedScope[]> {
  const scopes = [];
  for (const scope of await quotaScopes(db, spaceGuid)) {
    scopes.push({ ...scope, others: await useIn(db, scope, withoutProcesses) });
  }
  return scopes;
}

/** Undefined where space and organization may have one more route. */
export async function routeQuotaFault(
  db: Executor,
  spaceGuid: string,
): Promise<string | undefined> {
  for (const scope of await quotaScopes(db, spaceGuid)) {
    const { total_routes: allowed } = scope.limits.routes;
    if (allowed === null) continue;
    const { routes } = await db
      .selectFrom("routes")
      .innerJoin("spaces", "spaces.guid", "routes.spaceGuid")
      .where(inScope(scope))
      .select((eb) => eb.fn.countAll<number>().as("routes"))
      .executeTakeFirstOrThrow();
    const fault = routeFault(scope, { routes: Number(routes) });
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Undefined where the organization may own one more private domain. */
export async function privateDomainQuotaFault(
  db: Executor,
  organizationGuid: string,
): Promise<string | undefined> {
  const organization = await db
    .selectFrom("organizations")
    .innerJoin("organizationQuotas", "organizationQuotas.guid", "organizations.quotaGuid")
    .select(["organizations.name", "organizationQuotas.limits"])
    .where("organizations.guid", "=", organizationGuid)
    .executeTakeFirstOrThrow();
  const allowed = toLimits(organization.limits).domains?.total_domains ?? null;
  if (allowed === null) return undefined;
  const { domains } = await db
    .selectFrom("domains")
    .where("organizationGuid", "=", organizationGuid)
    .select((eb) => eb.fn.countAll<number>().as("domains"))
    .executeTakeFirstOrThrow();
  return Number(domains) < allowed
    ? undefined
    : `The number of private domains exceeds the quota for organization "${organization.name}"`;
}

/** The quotas that hold in a space: its own, where it has one, then its organization's. */
async function quotaScopes(db: Executor, spaceGuid: string): Promise<readonly QuotaScope[]> {
  const row = await db
    .selectFrom("spaces")
    .innerJoin("organizations", "organizations.guid", "spaces.organizationGuid")
    .innerJoin("organizationQuotas", "organizationQuotas.guid", "organizations.quotaGuid")
    .leftJoin("spaceQuotas", "spaceQuotas.guid", "spaces.quotaGuid")
    .select([
      "spaces.name as spaceName",
      "spaceQuotas.limits as spaceLimits",
      "organizations.guid as organizationGuid",
      "organizations.name as organizationName",
      "organizationQuotas.limits as organizationLimits",
    ])
    .where("spaces.guid", "=", spaceGuid)
    .executeTakeFirstOrThrow();
  const { spaceLimits, organizationLimits } = row;
  const organization: QuotaScope = {
    kind: "organization",
    guid: row.organizationGuid,
    name: row.organizationName,
    limits: toLimits(organizationLimits),
  };
  if (spaceLimits === null) return [organization];
  const limits = toLimits(spaceLimits);
  return [{ kind: "space", guid: spaceGuid, name: row.spaceName, limits }, organization];
}

/** What is started in a space or organization, tasks too, but for these processes. An unlimited log rate adds nothing. */
async function useIn(
  db: Executor,
  scope: QuotaScope,
  withoutProcesses: readonly string[],
): Promise<Use> {
  const processes = await db
    .selectFrom("processes")
    .innerJoin("apps", "apps.guid", "processes.appGuid")
    .innerJoin("spaces", "spaces.guid", "apps.spaceGuid")
    .where(inScope(scope))
    .where("processes.state", "=", "STARTED")
    .where((eb) => eb.not(isOneOf(sql.ref("processes.guid"), withoutProcesses)))
    .select([
      sql<number>`coalesce(sum(processes.instances * processes.memory_in_mb), 0)`.as("memory"),
      sql<number>`coalesce(sum(processes.instances), 0)`.as("instances"),
      sql<number>`coalesce(sum(case when processes.log_rate_limit_in_bytes_per_second > 0
        then processes.instances * processes.log_rate_limit_in_bytes_per_second else 0 end), 0)`.as(
        "logRate",
      ),
    ])
    .executeTakeFirstOrThrow();
  const tasks = await db
    .selectFrom("tasks")
    .innerJoin("apps", "apps.guid", "tasks.appGuid")
    .innerJoin("spaces", "spaces.guid", "apps.spaceGuid")
    .where(inScope(scope))
    .where("tasks.state", "in", ["PENDING", "RUNNING"])
    .select([
      sql<number>`coalesce(sum(tasks.memory_in_mb), 0)`.as("memory"),
      sql<number>`coalesce(sum(case when tasks.log_rate_limit_in_bytes_per_second > 0
        then tasks.log_rate_limit_in_bytes_per_second else 0 end), 0)`.as("logRate"),
      sql<number>`count(*)`.as("count"),
    ])
    .executeTakeFirstOrThrow();
  return {
    memory: Number(processes.memory) + Number(tasks.memory),
    instances: Number(processes.instances),
    logRate: Number(processes.logRate) + Number(tasks.logRate),
    tasks: Number(tasks.count),
  };
}

/** A condition on the joined table `spaces`. */
function inScope({ kind, guid }: QuotaScope) {
  return kind === "space"
    ? sql<SqlBool>`spaces.guid = ${guid}`
    : sql<SqlBool>`spaces.organization_guid = ${guid}`;
}
