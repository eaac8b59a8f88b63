import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import type { ExecutorContainer } from "../executor/container.ts";
import { OperationQueue } from "./operation-queue.ts";
import { operateLrp, operateTask, type OperationParts } from "./operations.ts";
import { lrpRunRequest } from "./run-request.ts";

/**
 * Brings the rows of the bulletin board and the containers of the cell in line: after each change of a container, and
 * for all of them in each pass. One operation at a time for each container.
 */
export class Harmonizer implements AsyncDisposable {
  readonly #parts: OperationParts;
  readonly #queue: OperationQueue;
  #found: readonly ExecutorContainer[] | undefined;
  #isReady = false;

  constructor(parts: OperationParts) {
    this.#parts = parts;
    this.#queue = new OperationQueue(parts.logger);
  }

  /** Whether what an earlier run of the cell has left is taken over; before that the cell takes no work. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** A container has changed its stage. */
  containerChanged(guid: string): void {
    if (!this.#isReady) return;
    const container = this.#parts.executor.get(guid);
    if (container !== undefined) this.#operate(container, "unknown");
  }

  /** For a task: its end has been asked for by the bulletin board. */
  cancelTask(taskGuid: string): void {
    this.#queue.push(taskGuid, () => this.#parts.executor.destroy(taskGuid));
  }

  /**
   * Follows the instances that still run since before, makes those again that do not, ends what was left of tasks. Rows
   * are claimed again before any container is made: an address that one of them still names may be given to another
   * container. Throws while the bulletin board is away; may be called again.
   */
  async recover(): Promise<{ readonly found: number; readonly madeAgain: number }> {
    const { executor, bbs, cellId } = this.#parts;
    this.#found ??= await executor.recover();
    const rows = await bbs.actualLrps({ cellId });
    const missing = rows.filter((row) => {
      const guid = instanceGuidOf(row);
      return guid !== undefined && executor.get(guid) === undefined;
    });
    await Promise.all(
      missing.map((row) => operateLrp(this.#parts, { ...subjectOf(row), isRecovering: true })),
    );
    for (const task of await bbs.tasks({ cellId })) {
      await operateTask(this.#parts, { taskGuid: task.taskGuid, row: task, isRecovering: true });
    }
    await Promise.all(this.#found.map((container) => this.#resume(container)));
    this.#isReady = true;
    return { found: this.#found.length, madeAgain: missing.length };
  }

  /** Asks for an operation on everything that the bulletin board or the cell knows. */
  async pass(): Promise<{ readonly lrps: number; readonly tasks: number }> {
    const { bbs, executor, cellId } = this.#parts;
    // Rows first: a container that is made meanwhile is then no row without a container.
    const [rows, tasks] = await Promise.all([bbs.actualLrps({ cellId }), bbs.tasks({ cellId })]);
    const rowsByGuid = new Map(
      rows.flatMap((row): [string, ActualLrp][] => {
        const guid = instanceGuidOf(row);
        return guid === undefined ? [] : [[guid, row]];
      }),
    );
    for (const container of executor.list()) {
      this.#operate(container, rowsByGuid.get(container.guid));
    }
    for (const [guid, row] of rowsByGuid) {
      if (executor.get(guid) !== undefined) continue;
      const subject = { ...subjectOf(row), isRecovering: false };
      this.#queue.push(guid, () => operateLrp(this.#parts, subject));
    }
    for (const row of tasks) {
      const { taskGuid } = row;
      if (executor.get(taskGuid) !== undefined) continue;
      const subject = { taskGuid, row, isRecovering: false };
      this.#queue.push(taskGuid, () => operateTask(this.#parts, subject));
    }
    return { lrps: rows.length, tasks: tasks.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue[Symbol.asyncDispose]();
  }

  #operate(container: ExecutorContainer, row: ActualLrp | "unknown" | undefined): void {
    const { guid, owner } = container;
    const isRecovering = false;
    this.#queue.push(guid, () =>
      owner.kind === "lrp"
        ? operateLrp(this.#parts, {
            key: owner.key,
            instanceGuid: owner.instanceGuid,
            row,
            isRecovering,
          })
        : operateTask(this.#parts, { taskGuid: guid, row: "unknown", isRecovering }),
    );
  }

  async #resume({ guid, owner }: ExecutorContainer): Promise<void> {
    if (owner.kind !== "lrp") return;
    const { executor, bbs } = this.#parts;
    const desired = await bbs.desiredLrpByProcessGuid(owner.key.processGuid);
    if (desired === undefined) executor.stop(guid);
    else executor.resume(guid, lrpRunRequest(desired, owner.key, owner.instanceGuid));
  }
}

function instanceGuidOf(row: ActualLrp): string | undefined {
  return row.state === "CLAIMED" || row.state === "RUNNING"
    ? row.instanceKey.instanceGuid
    : undefined;
}

function subjectOf(row: ActualLrp) {
  return { key: row.key, instanceGuid: instanceGuidOf(row) ?? "", row };
}
