import type { Clock } from "#kernel/clock/clock.ts";
import type { RepClientFactory } from "#diego/cell/rep/client.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { validateTask } from "#diego/models/desire-validation.ts";
import {
  cancelTask,
  completeTask,
  createTask,
  deleteTask,
  failTask,
  rejectTask,
  resolveTask,
  startTask,
  type TaskTransition,
} from "#diego/models/task-transitions.ts";
import type { Task, TaskDefinition } from "#diego/models/task.ts";
import type { Auctions } from "../auctions.ts";
import type { BackgroundWork } from "../background-work.ts";
import type { CellPresences } from "../cell-presences.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import type { SingleWriter } from "../store/single-writer.ts";
import { deleteTaskRow, insertTask, replaceTask, taskByGuid } from "../store/task-table.ts";
import type { TaskCallbacks } from "../task-callbacks.ts";

interface TaskOperationsOptions {
  readonly clock: Clock;
  readonly writer: SingleWriter;
  readonly auctions: Auctions;
  readonly callbacks: TaskCallbacks;
  readonly cells: CellPresences;
  readonly repClient: RepClientFactory;
  readonly background: BackgroundWork;
  readonly maxRetries: number;
}

/** A task's life as its owner, its cell and the auctioneer move it. All throw `BbsError` where they may not. */
export class TaskOperations {
  readonly #options: TaskOperationsOptions;

  constructor(options: TaskOperationsOptions) {
    this.#options = options;
  }

  async desire(desired: {
    readonly definition: TaskDefinition;
    readonly taskGuid: string;
    readonly domain: string;
  }): Promise<void> {
    validateTask(desired);
    const { clock, writer, auctions } = this.#options;
    const task = createTask(desired, clock.now());
    await writer.write(async (tx, changes) => {
      await insertTask(tx, task);
      changes.taskEvents.push({ kind: "task_created", task });
    });
    auctions.requestTasks([task]);
  }

  async start(taskGuid: string, cellId: string): Promise<{ readonly shouldStart: boolean }> {
    const { after } = await this.#move(taskGuid, (task, now) => startTask(task, cellId, now));
    return { shouldStart: after !== undefined };
  }

  async complete(taskGuid: string, completion: Parameters<typeof completeTask>[1]): Promise<void> {
    const { after } = await this.#move(taskGuid, (task, now) =>
      completeTask(task, completion, now),
    );
    this.#tellOwner(after);
  }

  /** A running one is also cancelled on its cell, which may have gone by then. */
  async cancel(taskGuid: string): Promise<void> {
    const { before, after } = await this.#move(taskGuid, cancelTask);
    this.#tellOwner(after);
    const cell = this.#options.cells.cell(before.cellId);
    if (before.state !== "RUNNING" || cell === undefined) return;
    this.#options.background.run("cancel-task", () =>
      this.#options.repClient(cell.repUrl).cancelTask(taskGuid),
    );
  }

  async fail(taskGuid: string, reason: string): Promise<void> {
    const { after } = await this.#move(taskGuid, (task, now) => failTask(task, reason, now));
    this.#tellOwner(after);
  }

  async reject(taskGuid: string, reason: string): Promise<void> {
    const { maxRetries } = this.#options;
    const { after } = await this.#move(taskGuid, (task, now) =>
      rejectTask(task, { reason, maxRetries }, now),
    );
    this.#tellOwner(after);
  }

  async resolving(taskGuid: string): Promise<void> {
    await this.#move(taskGuid, resolveTask);
  }

  async delete(taskGuid: string): Promise<void> {
    await this.#options.writer.write(async (tx, changes) => {
      const task = await existing(tx, taskGuid);
      const deletion = deleteTask(task);
      if (deletion.kind === "refused") throw new BbsError(deletion.type, deletion.message);
      await deleteTaskRow(tx, taskGuid);
      changes.taskEvents.push({ kind: "task_removed", task });
    });
  }

  #tellOwner(task: Task | undefined): void {
    if (task?.state === "COMPLETED") this.#options.callbacks.submit(task);
  }

  async #move(
    taskGuid: string,
    transition: (task: Task, now: Date) => TaskTransition,
  ): Promise<{ readonly before: Task; readonly after: Task | undefined }> {
    const { clock, writer } = this.#options;
    return writer.write(async (tx, changes) => {
      const before = await existing(tx, taskGuid);
      const outcome = transition(before, clock.now());
      if (outcome.kind === "refused") throw new BbsError(outcome.type, outcome.message);
      if (outcome.kind === "unchanged") return { before, after: undefined };
      await replaceTask(tx, before, outcome.task);
      changes.taskEvents.push({ kind: "task_changed", before, after: outcome.task });
      return { before, after: outcome.task };
    });
  }
}

async function existing(tx: BbsDatabase, taskGuid: string): Promise<Task> {
  const task = await taskByGuid(tx, taskGuid);
  if (task === undefined) {
    throw new BbsError("ResourceNotFound", `There is no task "${taskGuid}"`);
  }
  return task;
}
