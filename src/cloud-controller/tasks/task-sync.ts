import { sql } from "kysely";
import type { BbsClient } from "#diego/bbs/client.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Database } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import { taskDomain } from "./task-definition.ts";
import { completeTask, endTask, markRunning, type TaskStates } from "./task-ending.ts";
import { cancelInDiego } from "./task-runner.ts";
import { planTaskSync, type LiveTask } from "./task-sync-plan.ts";
import { liveStates } from "./task-table.ts";

/** Seconds that the BBS may take our set of tasks as complete: four rounds. */
const freshnessSeconds = 120;
const pageSize = 500;

export interface TaskSyncContext {
  readonly states: TaskStates;
  readonly bbs: Pick<BbsClient, "tasks" | "taskByGuid" | "cancelTask" | "upsertDomain">;
  readonly logger: Logger;
}

export interface TaskSyncResult {
  readonly completed: number;
  readonly expired: number;
  readonly lost: number;
  readonly cancelled: number;
  readonly failed: number;
}

/**
 * One round: whatever was killed, no task stays RUNNING for ever, and none runs for nobody. The domain is fresh after
 * a round in which nothing failed.
 */
export async function syncTasks(
  context: TaskSyncContext,
  signal: AbortSignal,
): Promise<TaskSyncResult> {
  const { states, bbs, logger } = context;
  const live = await liveTasks(states.db);
  const diegoTasks = await bbs.tasks({ domain: taskDomain });
  const plan = planTaskSync({
    tasks: live,
    diegoTasks: diegoTasks.map(({ taskGuid, state }) => ({
      guid: taskGuid,
      isActive: state === "PENDING" || state === "RUNNING",
    })),
    now: states.clock.now(),
  });
  const ended = new Map(diegoTasks.map((task) => [task.taskGuid, task]));
  for (const guid of plan.toMarkRunning) await markRunning(states, guid);
  for (const guid of plan.toComplete) {
    const task = ended.get(guid);
    if (task !== undefined) await completeTask(states, guid, task);
  }
  for (const guid of plan.expired) {
    await fail(context, guid, "Task expired in PENDING state");
  }
  let failed = 0;
  const attempt = async (guid: string, work: () => Promise<unknown>) => {
    signal.throwIfAborted();
    await work().catch((error: unknown) => {
      failed += 1;
      logger.warn("task-sync-failed", { task: guid, error });
    });
  };
  for (const guid of plan.lost) {
    await attempt(guid, async () => {
      // Its end may have been told between the two lists.
      if ((await bbs.taskByGuid(guid)) !== undefined) return;
      await fail(context, guid, "Unable to determine completion status");
    });
  }
  const unknown = await withoutLiveTask(states.db, plan.unknown);
  for (const guid of [...plan.toCancel, ...unknown]) {
    await attempt(guid, () => cancelInDiego(bbs, guid));
  }
  if (failed === 0) await bbs.upsertDomain(taskDomain, freshnessSeconds);
  return {
    completed: plan.toComplete.length,
    expired: plan.expired.length,
    lost: plan.lost.length,
    cancelled: plan.toCancel.length + unknown.length,
    failed,
  };
}

async function fail({ states, logger }: TaskSyncContext, guid: string, failureReason: string) {
  if (await endTask(states, guid, { state: "FAILED", failureReason })) {
    logger.warn("task-given-up", { task: guid, reason: failureReason });
  }
}

async function liveTasks(db: Database): Promise<LiveTask[]> {
  const all: LiveTask[] = [];
  let afterId = 0;
  for (;;) {
    const page = await db
      .selectFrom("tasks")
      .select(["id", "guid", "state", "createdAt"])
      .where("state", "in", liveStates)
      .where("id", ">", afterId)
      .orderBy("id")
      .limit(pageSize)
      .execute();
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return all;
    afterId = last.id;
  }
}

/** A task may have been stored after ours were read. */
async function withoutLiveTask(db: Database, guids: readonly string[]): Promise<string[]> {
  if (guids.length === 0) return [];
  const rows = await db
    .selectFrom("tasks")
    .select("guid")
    .where(isOneOf(sql.ref("guid"), guids))
    .where("state", "in", liveStates)
    .execute();
  const live = new Set(rows.map(({ guid }) => guid));
  return guids.filter((guid) => !live.has(guid));
}
