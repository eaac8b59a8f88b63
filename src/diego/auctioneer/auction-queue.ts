import type { CellTask } from "#diego/cell/rep/client.ts";
import { currentRequestId } from "#kernel/http/request-id.ts";
import type { LrpStartRequest, TaskStartRequest } from "./client.ts";
import type { AuctionBatch, LrpAuction } from "./schedule.ts";

/**
 * What waits for the next round. Requests pile up while a round runs and are drained at once: the busier, the bigger
 * the batch. A second request for what already waits is dropped. Each keeps the id of the request that it is asked for.
 */
export class AuctionQueue {
  #lrps = new Map<string, LrpAuction>();
  #tasks = new Map<string, CellTask>();

  addLrps({ indices, ...request }: LrpStartRequest): void {
    const requestId = currentRequestId();
    for (const index of indices) this.#addLrp({ ...request, index, requestId });
  }

  addTask(request: TaskStartRequest): void {
    this.#addTask({ ...request, requestId: currentRequestId() });
  }

  /** Puts back a batch whose round could not be held; what has come meanwhile stays behind it. */
  putBack(batch: AuctionBatch): void {
    const newer = this.drain();
    for (const lrp of [...batch.lrps, ...newer.lrps]) this.#addLrp(lrp);
    for (const task of [...batch.tasks, ...newer.tasks]) this.#addTask(task);
  }

  drain(): AuctionBatch {
    const batch = { lrps: [...this.#lrps.values()], tasks: [...this.#tasks.values()] };
    this.#lrps = new Map();
    this.#tasks = new Map();
    return batch;
  }

  #addTask(task: CellTask): void {
    if (!this.#tasks.has(task.taskGuid)) this.#tasks.set(task.taskGuid, task);
  }

  #addLrp(lrp: LrpAuction): void {
    const key = `${lrp.processGuid}.${lrp.index}`;
    if (!this.#lrps.has(key)) this.#lrps.set(key, lrp);
  }
}

/** For which a round is held; undefined where that is several, or nobody's. */
export function onlyRequestOf({ lrps, tasks }: AuctionBatch): string | undefined {
  const [requestId, ...others] = new Set([...lrps, ...tasks].map((asked) => asked.requestId));
  return others.length === 0 ? requestId : undefined;
}
