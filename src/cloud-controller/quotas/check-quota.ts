import { sql } from "kysely";
import { z } from "zod";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { Process } from "../processes/process-table.ts";

const limit = z.number().nullable();
const limitsColumn = z.object({
  apps: z.object({
    total_memory_in_mb: limit,
    per_process_memory_in_mb: limit,
    total_instances: limit,
    log_rate_limit_in_bytes_per_second: limit,
  }),
  routes: z.object({ total_routes: limit }),
});

type Limits = z.infer<typeof limitsColumn>;

interface Use {
  readonly memory: number;
  readonly instances: number;
}

/** What the organization's quota has against these processes as they are to be. Only started ones count. */
export async function quotaFaults(
  db: Executor,
  { spaceGuid, changed }: { readonly spaceGuid: string; readonly changed: readonly Process[] },
): Promise<string[]> {
  const started = changed.filter((process) => process.state === "STARTED");
  if (started.length === 0) return [];
  const organization = await organizationOf(db, spaceGuid);
  const others = await db
    .selectFrom("processes")
    .innerJoin("apps", "apps.guid", "processes.appGuid")
    .innerJoin("spaces", "spaces.guid", "apps.spaceGuid")
    .where("spaces.organizationGuid", "=", organization.guid)
    .where("processes.state", "=", "STARTED")
    .where((eb) =>
      eb.not(
        isOneOf(
          sql.ref("processes.guid"),
          started.map((process) => process.guid),
        ),
      ),
    )
    .select([
      sql<number>`coalesce(sum(processes.instances * processes.memory_in_mb), 0)`.as("memory"),
      sql<number>`coalesce(sum(processes.instances), 0)`.as("instances"),
    ])
    .executeTakeFirstOrThrow();
  return faultsAgainst(organization.limits, { others, started });
}

/** Pure: Cloud Controller's texts for what exceeds the limits. */
export function faultsAgainst(
  { apps }: Limits,
  { others, started }: { readonly others: Use; readonly started: readonly Process[] },
): string[] {
  const memory = started.reduce((sum, process) => sum + process.instances * process.memoryInMb, 0);
  const instances = started.reduce((sum, process) => sum + process.instances, 0);
  const exceeds = (used: number, allowed: number | null) => allowed !== null && used > allowed;
  const faults: string[] = [];
  if (exceeds(others.memory + memory, apps.total_memory_in_mb))
    faults.push("memory quota_exceeded");
  if (started.some((process) => exceeds(process.memoryInMb, apps.per_process_memory_in_mb))) {
    faults.push("memory instance_memory_limit_exceeded");
  }
  if (exceeds(others.instances + instances, apps.total_instances)) {
    faults.push("app_instance_limit app_instance_limit_exceeded");
  }
  return faults;
}

/** Undefined where the organization may have one more route. */
export async function routeQuotaFault(
  db: Executor,
  spaceGuid: string,
): Promise<string | undefined> {
  const organization = await organizationOf(db, spaceGuid);
  const allowed = organization.limits.routes.total_routes;
  if (allowed === null) return undefined;
  const { count } = await db
    .selectFrom("routes")
    .innerJoin("spaces", "spaces.guid", "routes.spaceGuid")
    .where("spaces.organizationGuid", "=", organization.guid)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count < allowed
    ? undefined
    : `Routes quota exceeded for organization '${organization.name}'.`;
}

async function organizationOf(db: Executor, spaceGuid: string) {
  const row = await db
    .selectFrom("spaces")
    .innerJoin("organizations", "organizations.guid", "spaces.organizationGuid")
    .innerJoin("organizationQuotas", "organizationQuotas.guid", "organizations.quotaGuid")
    .select(["organizations.guid", "organizations.name", "organizationQuotas.limits"])
    .where("spaces.guid", "=", spaceGuid)
    .executeTakeFirstOrThrow();
  return {
    guid: row.guid,
    name: row.name,
    limits: limitsColumn.parse(JSON.parse(row.limits)),
  };
}
