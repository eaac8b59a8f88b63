import type { BbsClient } from "#diego/bbs/client.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { Task } from "#diego/models/task.ts";
import { parseInstant, type Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Database } from "../database/schema.ts";
import { CfError } from "../http/cf-errors.ts";
import type { BuildEnding } from "./build-ending.ts";
import { stagingError, stagingTimeExpired } from "./failure-reason.ts";
import type { Stager } from "./stager.ts";
import { stagingDomain } from "./task-definition.ts";

/** A build that waits for its task. */
export interface StagingBuild {
  readonly guid: string;
  readonly updatedAt: string;
  /** Its task has not been desired yet. */
  readonly isDesiring: boolean;
}

export interface StagingSyncPlan {
  /** Their task has ended, and its callback has not been heard. */
  readonly toComplete: readonly string[];
  /** Their task is gone without a word. */
  readonly lost: readonly string[];
  /** STAGING for longer than any staging may take. */
  readonly expired: readonly string[];
  /** Tasks whose build has ended or gone. */
  readonly toCancel: readonly string[];
}

/** Seconds past the staging timeout after which a build is given up, as in the original. */
const graceMs = 300_000;

/** `builds` were read before `tasks`: a build whose task is not among them never had one, or has it no longer. */
export function planStagingSync(facts: {
  readonly builds: readonly StagingBuild[];
  readonly tasks: readonly { readonly guid: string; readonly isActive: boolean }[];
  readonly now: Date;
  readonly stagingTimeoutMs: number;
}): StagingSyncPlan {
  const tasks = new Map(facts.tasks.map(({ guid, isActive }) => [guid, isActive]));
  const builds = new Set(facts.builds.map(({ guid }) => guid));
  const oldest = facts.now.getTime() - facts.stagingTimeoutMs - graceMs;
  const isExpired = ({ updatedAt }: StagingBuild) =>
    (parseInstant(updatedAt)?.getTime() ?? oldest) < oldest;
  const expired = facts.builds.filter(isExpired);
  const alive = facts.builds.filter((build) => !isExpired(build));
  return {
    expired: expired.map(({ guid }) => guid),
    toComplete: alive.filter(({ guid }) => tasks.get(guid) === false).map(({ guid }) => guid),
    lost: alive
      .filter(({ guid, isDesiring }) => !isDesiring && !tasks.has(guid))
      .map(({ guid }) => guid),
    toCancel: facts.tasks
      .filter(({ guid, isActive }) => isActive && !builds.has(guid))
      .map(({ guid }) => guid),
  };
}

/** One round: whatever was killed, no build stays STAGING for ever, and no task runs for nobody. */
export async function syncStaging(context: {
  readonly db: Database;
  readonly bbs: Pick<BbsClient, "tasks" | "taskByGuid" | "cancelTask">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stager: Stager;
  readonly ending: BuildEnding;
  readonly stagingTimeoutMs: number;
}): Promise<StagingSyncPlan> {
  const { db, bbs, clock, stager, ending, logger } = context;
  const rows = await db
    .selectFrom("builds")
    .select(["guid", "updatedAt"])
    .where("state", "=", "STAGING")
    .execute();
  const builds = rows.map((row) => ({ ...row, isDesiring: stager.isDesiring(row.guid) }));
  const tasks = await bbs.tasks({ domain: stagingDomain });
  const plan = planStagingSync({
    builds,
    tasks: tasks.map(({ taskGuid, state }) => ({
      guid: taskGuid,
      isActive: state === "PENDING" || state === "RUNNING",
    })),
    now: clock.now(),
    stagingTimeoutMs: context.stagingTimeoutMs,
  });
  for (const guid of plan.expired) {
    await ending.fail(guid, stagingTimeExpired("staging failed"));
  }
  for (const guid of plan.toComplete) {
    const task = tasks.find(({ taskGuid }) => taskGuid === guid);
    if (task !== undefined) await completeUnheard(context, task);
  }
  for (const guid of plan.lost) {
    if ((await bbs.taskByGuid(guid)) !== undefined) continue;
    logger.warn("staging-task-lost", { build: guid });
    await ending.fail(guid, stagingError("the staging task is gone; stage again"));
  }
  for (const guid of await withoutBuild(db, plan.toCancel)) await cancel(bbs, guid);
  return plan;
}

/** The callback may arrive at the same time: whoever is first gives the build its end. */
async function completeUnheard(
  { ending, logger }: Pick<Parameters<typeof syncStaging>[0], "ending" | "logger">,
  task: Task,
): Promise<void> {
  try {
    await ending.complete(task.taskGuid, task);
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    logger.info("staging-already-ended", { build: task.taskGuid, error });
  }
}

/** A task may have been desired after the builds were read. */
async function withoutBuild(db: Database, guids: readonly string[]): Promise<string[]> {
  if (guids.length === 0) return [];
  const rows = await db
    .selectFrom("builds")
    .select("guid")
    .where("guid", "in", [...guids])
    .where("state", "=", "STAGING")
    .execute();
  const staging = new Set(rows.map(({ guid }) => guid));
  return guids.filter((guid) => !staging.has(guid));
}

async function cancel(bbs: Pick<BbsClient, "cancelTask">, guid: string): Promise<void> {
  try {
    await bbs.cancelTask(guid);
  } catch (error) {
    if (!(error instanceof BbsError)) throw error;
    // It has ended meanwhile.
    if (error.type !== "ResourceNotFound" && error.type !== "InvalidStateTransition") throw error;
  }
}
