import type { TaskState } from "./task-table.ts";
import { parseInstant } from "#kernel/clock/clock.ts";

/** A task that has no end yet. */
export interface LiveTask {
  readonly guid: string;
  readonly state: TaskState;
  readonly createdAt: string;
}

export interface TaskSyncPlan {
  /** Diego has ended them, and the callback has not been heard. */
  readonly toComplete: readonly string[];
  /** Diego has them, though the crash of a request has left them PENDING. */
  readonly toMarkRunning: readonly string[];
  /** Never reached Diego. */
  readonly expired: readonly string[];
  /** Diego knows them no more. */
  readonly lost: readonly string[];
  /** To be cancelled again: they run on. */
  readonly toCancel: readonly string[];
  /** Run for nobody: their task has ended, or gone with its app. */
  readonly unknown: readonly string[];
}

/** A request that hands a task to Diego takes no longer. */
const pendingMs = 300_000;

/** `tasks` were read before Diego's: what is not among those had been there, or is PENDING. */
export function planTaskSync(facts: {
  readonly tasks: readonly LiveTask[];
  readonly diegoTasks: readonly { readonly guid: string; readonly isActive: boolean }[];
  readonly now: Date;
}): TaskSyncPlan {
  const diego = new Map(facts.diegoTasks.map(({ guid, isActive }) => [guid, isActive]));
  const known = new Set(facts.tasks.map(({ guid }) => guid));
  const oldest = facts.now.getTime() - pendingMs;
  const those = (holds: (task: LiveTask, isActive: boolean | undefined) => boolean) =>
    facts.tasks.filter((task) => holds(task, diego.get(task.guid))).map(({ guid }) => guid);
  return {
    toComplete: those((_, isActive) => isActive === false),
    toMarkRunning: those(({ state }, isActive) => state === "PENDING" && isActive === true),
    expired: those(
      ({ state, createdAt }, isActive) =>
        state === "PENDING" &&
        isActive === undefined &&
        (parseInstant(createdAt)?.getTime() ?? 0) < oldest,
    ),
    lost: those(({ state }, isActive) => state !== "PENDING" && isActive === undefined),
    toCancel: those(({ state }, isActive) => state === "CANCELING" && isActive === true),
    unknown: facts.diegoTasks
      .filter(({ guid, isActive }) => isActive && !known.has(guid))
      .map(({ guid }) => guid),
  };
}
