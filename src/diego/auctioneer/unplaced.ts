import type { CellTask } from "#diego/cell/rep/client.ts";
import type { AuctionBatch, AuctionResult, LrpAuction } from "./schedule.ts";

/** Twice the time after which convergence asks for it again, where it is still wanted. */
const keptMs = 60_000;

/**
 * What found no place for want of room, for a minute: as soon as a container has ended somewhere it is tried again,
 * instead of waiting for convergence, which asks every 30 s. That it failed has been reported once and is not again:
 * a task would use up its few rejections on it. What is not wanted any more is refused by the BBS when a cell claims it.
 */
export class Unplaced {
  readonly #lrps = new Map<string, { readonly lrp: LrpAuction; readonly until: number }>();
  readonly #tasks = new Map<string, { readonly task: CellTask; readonly until: number }>();

  /** How much waits for room. */
  get waiting(): { readonly lrps: number; readonly tasks: number } {
    return { lrps: this.#lrps.size, tasks: this.#tasks.size };
  }

  get isEmpty(): boolean {
    return this.#lrps.size === 0 && this.#tasks.size === 0;
  }

  /** What was asked for anew, and what waits besides. */
  joined(batch: AuctionBatch, now: Date): AuctionBatch {
    this.#forgetOld(now);
    const lrps = new Map([...this.#lrps].map(([key, { lrp }]) => [key, lrp]));
    const tasks = new Map([...this.#tasks].map(([key, { task }]) => [key, task]));
    for (const lrp of batch.lrps) lrps.set(keyOf(lrp), lrp);
    for (const task of batch.tasks) tasks.set(task.taskGuid, task);
    return { lrps: [...lrps.values()], tasks: [...tasks.values()] };
  }

  /**
   * Keeps what of a round waits for room now. `batch` is what was asked for anew: only its failures are given back, and
   * not those of tasks that stand in line, which would use up their rejections there.
   */
  settle(
    failed: Pick<AuctionResult, "failedLrps" | "failedTasks">,
    batch: AuctionBatch,
    now: Date,
  ): Pick<AuctionResult, "failedLrps" | "failedTasks"> {
    const askedLrps = new Set(batch.lrps.map(keyOf));
    const askedTasks = new Set(batch.tasks.map(({ taskGuid }) => taskGuid));
    const until = now.getTime() + keptMs;
    const lrps = new Map([...this.#lrps].map(([key, each]) => [key, each.until]));
    const tasks = new Map([...this.#tasks].map(([key, each]) => [key, each.until]));
    this.#lrps.clear();
    this.#tasks.clear();
    for (const { lrp, placementError } of failed.failedLrps) {
      const key = keyOf(lrp);
      const kept = askedLrps.has(key) ? until : (lrps.get(key) ?? until);
      if (isForRoom(placementError)) this.#lrps.set(key, { lrp, until: kept });
    }
    for (const { task, placementError, waits } of failed.failedTasks) {
      const key = task.taskGuid;
      const kept = askedTasks.has(key) ? until : (tasks.get(key) ?? until);
      if (waits || isForRoom(placementError)) this.#tasks.set(key, { task, until: kept });
    }
    return {
      failedLrps: failed.failedLrps.filter(({ lrp }) => askedLrps.has(keyOf(lrp))),
      failedTasks: failed.failedTasks.filter(
        ({ task, waits }) => !waits && askedTasks.has(task.taskGuid),
      ),
    };
  }

  #forgetOld(now: Date): void {
    for (const map of [this.#lrps, this.#tasks]) {
      for (const [key, { until }] of map) if (until <= now.getTime()) map.delete(key);
    }
  }
}

function keyOf({ processGuid, index }: Pick<LrpAuction, "processGuid" | "index">): string {
  return `${processGuid}.${index}`;
}

/** Not where no cell could ever take it. */
function isForRoom(placementError: string): boolean {
  return /^insufficient resources|reached in-flight start limit/.test(placementError);
}
