import type { Process } from "../processes/process-table.ts";
import type { QuotaLimits } from "./quota-limits.ts";

/** A quota and whose it is. */
export interface QuotaScope {
  readonly kind: "space" | "organization";
  readonly guid: string;
  readonly name: string;
  readonly limits: QuotaLimits;
}

/** What is in use: MB of memory, instances, bytes of log a second, and tasks that wait or run. */
export interface Use {
  readonly memory: number;
  readonly instances: number;
  readonly logRate: number;
  readonly tasks: number;
}

export type UsedScope = QuotaScope & { readonly others: Use };

/** A task as it is to be; -1 is an unlimited log rate. */
export interface TaskDemand {
  readonly memoryInMb: number;
  readonly logRateLimitInBytesPerSecond: number;
  /** The number of tasks counts only when one is created. */
  readonly isNew: boolean;
}

type Demand = Pick<Process, "instances" | "memoryInMb" | "logRateLimitInBytesPerSecond">;

const exceeds = (used: number, allowed: number | null) => allowed !== null && used > allowed;

/** Cloud Controller's texts, in its order, for what started processes would exceed (process_model.rb, its policies). */
export function processFaults(
  scopes: readonly UsedScope[],
  {
    started,
    logRateCounts,
  }: { readonly started: readonly Demand[]; readonly logRateCounts: boolean },
): string[] {
  const memory = started.reduce((sum, process) => sum + process.instances * process.memoryInMb, 0);
  const instances = started.reduce((sum, process) => sum + process.instances, 0);
  const organizationFirst = scopes.toReversed();
  const inSpace = ({ kind }: QuotaScope) => (kind === "space" ? "space_" : "");
  return [
    ...scopes
      .filter(({ others, limits }) =>
        exceeds(others.memory + memory, limits.apps.total_memory_in_mb),
      )
      .map((scope) => `memory ${inSpace(scope)}quota_exceeded`),
    ...organizationFirst
      .filter(({ limits }) =>
        started.some(({ memoryInMb }) => exceeds(memoryInMb, limits.apps.per_process_memory_in_mb)),
      )
      .map((scope) => `memory ${inSpace(scope)}instance_memory_limit_exceeded`),
    ...organizationFirst
      .filter(({ others, limits }) =>
        exceeds(others.instances + instances, limits.apps.total_instances),
      )
      .map((scope) => `app_instance_limit ${inSpace(scope)}app_instance_limit_exceeded`),
    ...(logRateCounts ? scopes.flatMap((scope) => logRateFaults(scope, started)) : []),
  ];
}

/** Cloud Controller's texts, in its order, for what a task would exceed (task_model.rb). */
export function taskFaults(scopes: readonly UsedScope[], task: TaskDemand): string[] {
  const organizationFirst = scopes.toReversed();
  const { memoryInMb } = task;
  return [
    ...organizationFirst.flatMap(({ kind, limits, others }) => [
      ...(exceeds(others.memory + memoryInMb, limits.apps.total_memory_in_mb)
        ? [`memory_in_mb exceeds ${kind} memory quota`]
        : []),
      ...(exceeds(memoryInMb, limits.apps.per_process_memory_in_mb)
        ? [`memory_in_mb exceeds ${kind} instance memory quota`]
        : []),
    ]),
    ...organizationFirst.flatMap((scope) => logRateFaults(scope, [{ ...task, instances: 1 }])),
    ...organizationFirst
      .filter(({ others, limits }) => exceeds(others.tasks + 1, limits.apps.per_app_tasks))
      .filter(() => task.isNew)
      .map(() => "app_task_limit quota exceeded"),
  ];
}

function logRateFaults(
  { kind, name, limits, others }: UsedScope,
  demands: readonly Omit<Demand, "memoryInMb">[],
): string[] {
  const allowed = limits.apps.log_rate_limit_in_bytes_per_second;
  if (allowed === null) return [];
  if (demands.some((demand) => demand.logRateLimitInBytesPerSecond === -1)) {
    return [`log_rate_limit cannot be unlimited in ${kind} '${name}'.`];
  }
  const rate = demands.reduce(
    (sum, demand) => sum + demand.instances * demand.logRateLimitInBytesPerSecond,
    others.logRate,
  );
  return exceeds(rate, allowed) ? [`log_rate_limit exceeds ${kind} log rate quota`] : [];
}

/** The text for one more route than a quota allows. */
export function routeFault(
  { kind, name, limits }: QuotaScope,
  { routes }: { readonly routes: number },
): string | undefined {
  return exceeds(routes + 1, limits.routes.total_routes)
    ? `Routes quota exceeded for ${kind} '${name}'.`
    : undefined;
}

/** The original's text for a staging that asks for more memory than a quota has left; it is not counted while it runs. */
export function stagingMemoryFault(
  scopes: readonly UsedScope[],
  memoryInMb: number,
): string | undefined {
  const full = scopes.find(({ others, limits }) =>
    exceeds(others.memory + memoryInMb, limits.apps.total_memory_in_mb),
  );
  return full && `${full.kind}'s memory limit exceeded: staging requires ${memoryInMb}M memory`;
}

/** As `stagingMemoryFault`, of bytes of log a second. An unlimited rate (-1) passes while the quota is not exceeded. */
export function stagingLogRateFault(
  scopes: readonly UsedScope[],
  logRate: number,
): string | undefined {
  const full = scopes.find(({ others, limits }) =>
    exceeds(others.logRate + logRate, limits.apps.log_rate_limit_in_bytes_per_second),
  );
  return (
    full && `${full.kind}'s log rate limit exceeded: staging requires ${logRate} bytes per second`
  );
}
