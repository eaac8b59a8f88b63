import { sql } from "kysely";
import { z } from "zod";
import type { Executor } from "../database/schema.ts";
import type { WantedTask } from "./new-task.ts";

const limit = z.number().nullable();
const limitsColumn = z.object({
  apps: z.object({
    total_memory_in_mb: limit,
    per_process_memory_in_mb: limit,
    log_rate_limit_in_bytes_per_second: limit,
    per_app_tasks: limit,
  }),
});

/** Of one organization or space: what its quota allows and what is used of it. */
export interface TaskQuota {
  readonly kind: "organization" | "space";
  readonly name: string;
  readonly limits: z.infer<typeof limitsColumn>["apps"];
  readonly used: { readonly memory: number; readonly logRate: number; readonly tasks: number };
}

/** Read in the transaction that stores the task. */
export async function taskQuotaFaults(
  db: Executor,
  spaceGuid: string,
  wanted: WantedTask,
): Promise<string[]> {
  const organization = await db
    .selectFrom("spaces")
    .innerJoin("organizations", "organizations.guid", "spaces.organizationGuid")
    .innerJoin("organizationQuotas", "organizationQuotas.guid", "organizations.quotaGuid")
    .select(["organizations.guid", "organizations.name", "organizationQuotas.limits"])
    .where("spaces.guid", "=", spaceGuid)
    .executeTakeFirstOrThrow();
  const quota: TaskQuota = {
    kind: "organization",
    name: organization.name,
    limits: limitsColumn.parse(JSON.parse(organization.limits)).apps,
    used: await usedIn(db, organization.guid),
  };
  return quotaFaultsOf(quota, wanted);
}

/** Pure: the original's texts. The limit "per app" counts the tasks of the whole organization, as there. */
export function quotaFaultsOf(
  { kind, name, limits, used }: TaskQuota,
  wanted: Pick<WantedTask, "memoryInMb" | "logRateLimitInBytesPerSecond">,
): string[] {
  const exceeds = (amount: number, allowed: number | null) => allowed !== null && amount > allowed;
  const { memoryInMb, logRateLimitInBytesPerSecond: logRate } = wanted;
  const faults: string[] = [];
  if (exceeds(used.memory + memoryInMb, limits.total_memory_in_mb)) {
    faults.push(`memory_in_mb exceeds ${kind} memory quota`);
  }
  if (exceeds(memoryInMb, limits.per_process_memory_in_mb)) {
    faults.push(`memory_in_mb exceeds ${kind} instance memory quota`);
  }
  if (logRate === -1 && limits.log_rate_limit_in_bytes_per_second !== null) {
    faults.push(`log_rate_limit cannot be unlimited in ${kind} '${name}'.`);
  }
  if (exceeds(used.logRate + logRate, limits.log_rate_limit_in_bytes_per_second)) {
    faults.push(`log_rate_limit exceeds ${kind} log rate quota`);
  }
  if (exceeds(used.tasks + 1, limits.per_app_tasks)) faults.push("app_task_limit quota exceeded");
  return faults;
}

/** Tasks that are being cancelled no longer count; the unlimited log rate (-1) counts as nothing. */
async function usedIn(db: Executor, organizationGuid: string): Promise<TaskQuota["used"]> {
  const processes = await db
    .selectFrom("processes")
    .innerJoin("apps", "apps.guid", "processes.appGuid")
    .innerJoin("spaces", "spaces.guid", "apps.spaceGuid")
    .where("spaces.organizationGuid", "=", organizationGuid)
    .where("processes.state", "=", "STARTED")
    .select([
      sql<number>`coalesce(sum(processes.instances * processes.memory_in_mb), 0)`.as("memory"),
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
    .where("spaces.organizationGuid", "=", organizationGuid)
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
    logRate: Number(processes.logRate) + Number(tasks.logRate),
    tasks: Number(tasks.count),
  };
}
