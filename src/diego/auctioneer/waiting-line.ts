import { toNanoseconds, type Clock } from "#kernel/clock/clock.ts";
import type { CellState, CellTask } from "#diego/cell/rep/client.ts";
import type { LogIngest } from "#log-cache/client.ts";

/**
 * Those that wait for room, in the order in which they get it, and who has told what of them: an app's log says its place
 * when it begins to wait and whenever that changes. It also knows whose tasks run on the cells, as long as the auctioneer
 * lives: after a restart owners take turns from the beginning.
 */
export class WaitingLine {
  readonly #clock: Clock;
  readonly #logs: Pick<LogIngest, "emit">;
  #told = new Map<string, number>();
  #owners = new Map<string, string>();

  constructor(options: { readonly clock: Clock; readonly logs: Pick<LogIngest, "emit"> }) {
    this.#clock = options.clock;
    this.#logs = options.logs;
  }

  /** Counts tasks by owner on the cells, and notes whose the tasks of this round are. */
  runningOf(cells: readonly CellState[], batch: readonly CellTask[]): ReadonlyMap<string, number> {
    const before = this.#owners;
    this.#owners = new Map();
    const counts = new Map<string, number>();
    for (const { taskGuid } of cells.flatMap(({ tasks }) => tasks)) {
      const owner = before.get(taskGuid);
      if (owner === undefined) continue;
      this.#owners.set(taskGuid, owner);
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    for (const { taskGuid, origin } of batch) {
      if (origin !== undefined) this.#owners.set(taskGuid, origin.owner);
    }
    return counts;
  }

  /** `waiting` in order. Those that want different cells stand in different lines. */
  tell(waiting: readonly CellTask[]): void {
    const told = new Map<string, number>();
    const lengths = new Map<string, number>();
    for (const task of waiting) {
      const line = lineOf(task);
      const place = (lengths.get(line) ?? 0) + 1;
      lengths.set(line, place);
      told.set(task.taskGuid, place);
      if (this.#told.get(task.taskGuid) !== place) this.#say(task, place);
    }
    this.#told = told;
  }

  #say({ origin }: CellTask, place: number): void {
    if (origin === undefined || origin.logGuid === "") return;
    this.#logs.emit({
      sourceId: origin.logGuid,
      instanceId: "0",
      sourceType: origin.logSource,
      type: "OUT",
      payload: `Waiting for a cell: ${ordinal(place)} in line`,
      timestamp: toNanoseconds(this.#clock.now()),
      origin: "auctioneer",
      tags: {},
    });
  }
}

function lineOf({ placementConstraint: { rootFs, placementTags } }: CellTask): string {
  // Without what is laid over the stack: the same cells take it.
  return JSON.stringify([rootFs.split("?")[0], placementTags.toSorted()]);
}

export function ordinal(place: number): string {
  const teens = place % 100 >= 11 && place % 100 <= 13;
  const ending = teens ? "th" : (["th", "st", "nd", "rd"][place % 10] ?? "th");
  return `${place}${ending}`;
}
