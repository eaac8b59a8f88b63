import { withDeadline } from "#kernel/clock/deadline.ts";
import { toNanoseconds, type Clock } from "#kernel/clock/clock.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { deleteTask, resolveTask } from "#diego/models/task-transitions.ts";
import type { Task } from "#diego/models/task.ts";
import type { BackgroundWork } from "./background-work.ts";
import type { SingleWriter } from "./store/single-writer.ts";
import { deleteTaskRow, replaceTask, taskByGuid } from "./store/task-table.ts";

const attempts = 3;
const attemptTimeoutMs = 10_000;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

interface TaskCallbacksOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly writer: SingleWriter;
  readonly background: BackgroundWork;
  readonly fetch: Fetch;
}

/**
 * Tells the owner of a completed task. The task is RESOLVING meanwhile, which keeps a second worker away. An answer of
 * any status but 503 and 504 means that the owner has heard: the task is deleted. Otherwise it stays RESOLVING, and
 * convergence sends it here again.
 */
export class TaskCallbacks {
  readonly #options: TaskCallbacksOptions;

  constructor(options: TaskCallbacksOptions) {
    this.#options = options;
  }

  /** Does nothing for a task without a callback URL: its owner polls, and resolves and deletes it. */
  submit(task: Task): void {
    if (task.definition.completionCallbackUrl === "") return;
    this.#options.background.run("task-callback", (signal) => this.#tell(task.taskGuid, signal));
  }

  async #tell(taskGuid: string, signal: AbortSignal): Promise<void> {
    const task = await this.#resolving(taskGuid);
    if (task === undefined) return;
    const { logger } = this.#options;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const outcome = await this.#post(task, signal);
      if (outcome.kind === "heard") {
        logger.info("task-callback-delivered", { taskGuid, status: outcome.status });
        await this.#delete(task);
        return;
      }
      logger.warn("task-callback-failed", { taskGuid, attempt, ...outcome });
    }
  }

  async #resolving(taskGuid: string): Promise<Task | undefined> {
    const { clock, writer } = this.#options;
    return writer.write(async (tx, changes) => {
      const before = await taskByGuid(tx, taskGuid);
      if (before === undefined) return undefined;
      const transition = resolveTask(before, clock.now());
      if (transition.kind !== "changed") return undefined;
      await replaceTask(tx, before, transition.task);
      changes.taskEvents.push({ kind: "task_changed", before, after: transition.task });
      return transition.task;
    });
  }

  async #post(
    task: Task,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: "heard"; readonly status: number }
    | { readonly kind: "unheard"; readonly status?: number; readonly error?: unknown }
  > {
    const { clock, fetch } = this.#options;
    try {
      const status = await withDeadline(
        { clock, ms: attemptTimeoutMs, signal },
        async (attemptSignal) => {
          const response = await fetch(task.definition.completionCallbackUrl, {
            method: "POST",
            headers: { ...requestIdHeaders(), "content-type": "application/json" },
            body: JSON.stringify(completionOf(task)),
            redirect: "manual",
            signal: attemptSignal,
          });
          await response.body?.cancel();
          return response.status;
        },
      );
      return { kind: status === 503 || status === 504 ? "unheard" : "heard", status };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: "unheard", error };
    }
  }

  async #delete(told: Task): Promise<void> {
    await this.#options.writer.write(async (tx, changes) => {
      const task = await taskByGuid(tx, told.taskGuid);
      if (task === undefined) return;
      const deletion = deleteTask(task);
      if (deletion.kind === "refused") throw new BbsError(deletion.type, deletion.message);
      await deleteTaskRow(tx, task.taskGuid);
      changes.taskEvents.push({ kind: "task_removed", task });
    });
  }
}

/** The JSON that Cloud Controller's internal completion endpoint reads. */
function completionOf(task: Task) {
  return {
    task_guid: task.taskGuid,
    failed: task.failed,
    failure_reason: task.failureReason,
    result: task.result,
    annotation: task.definition.annotation,
    // A whole number of milliseconds, so that a double holds and prints these nanoseconds exactly.
    created_at: Number(toNanoseconds(task.createdAt)),
  };
}
