import type { CellLrp, CellState, CellTask, Work } from "#diego/cell/rep/client.ts";
import { CellLedger, type Shortage } from "./cell-ledger.ts";
import type { AuctionResource, PlacementConstraint } from "./client.ts";
import { fairOrder } from "./fair-order.ts";
import { compatibleCells, type CompatibleCells, type ZoneCells } from "./compatible-cells.ts";

/**
 * One round of auctions, decided in memory. For an instance: the zones with the fewest instances of its process come
 * first, then, inside them, the cell with the lowest score. Another instance of the process on a cell counts a
 * thousand, so that instances spread before anything else; a starting container counts a quarter, so that a burst
 * spreads although memory has not been used yet. Sources: Diego's auction, and docs of its simulation.
 *
 * Ties go to the cell that comes first in the facts.
 */
export interface AuctionFacts {
  /** Cells that answered and take work. */
  readonly cells: readonly CellState[];
  /** 0: no limit on containers that start at the same time over all cells. */
  readonly startingContainerCountMaximum: number;
  /** Tasks on the cells by their owner, as far as it is known. */
  readonly runningOf?: ReadonlyMap<string, number>;
}

export interface AuctionBatch {
  readonly lrps: readonly LrpAuction[];
  readonly tasks: readonly CellTask[];
}

export type LrpAuction = Omit<CellLrp, "instanceGuid">;

export interface AuctionResult {
  /** Only cells that won something. */
  readonly work: readonly Work[];
  readonly failedLrps: readonly { readonly lrp: LrpAuction; readonly placementError: string }[];
  /** In the order in which they were offered room. */
  readonly failedTasks: readonly FailedTask[];
}

interface FailedTask {
  readonly task: CellTask;
  readonly placementError: string;
  /** It stands in line: there will be room once other tasks have ended, which they do. */
  readonly waits: boolean;
}

const startingContainerWeight = 0.25;
const localityOffset = 1000;
const inFlightLimitReached = "waiting to start instance: reached in-flight start limit";

export function schedule(facts: AuctionFacts, batch: AuctionBatch): AuctionResult {
  const round = new Round(facts);
  const { before, after } = orderOfLrps(batch.lrps);
  for (const lrp of before) round.auctionLrp(lrp);
  for (const task of fairOrder(batch.tasks, facts.runningOf ?? new Map())) round.auctionTask(task);
  for (const lrp of after) round.auctionLrp(lrp);
  return round.result();
}

/**
 * First one instance of everything, then tasks, then the rest. Where all have index 0 the original places them after
 * the tasks: its split point is the first index above 0.
 */
function orderOfLrps(lrps: readonly LrpAuction[]): {
  readonly before: readonly LrpAuction[];
  readonly after: readonly LrpAuction[];
} {
  const sorted = lrps.toSorted((a, b) => a.index - b.index || byMemoryDescending(a, b));
  const split = Math.max(
    0,
    sorted.findIndex((lrp) => lrp.index > 0),
  );
  return { before: sorted.slice(0, split), after: sorted.slice(split) };
}

function byMemoryDescending(
  a: { readonly resource: AuctionResource },
  b: { readonly resource: AuctionResource },
): number {
  return b.resource.memoryMb - a.resource.memoryMb;
}

class Round {
  readonly #cells: readonly CellLedger[];
  readonly #inFlightLimit: number;
  #inFlight: number;
  readonly #compatible = new Map<string, CompatibleCells>();
  /** Instances by process and zone: kept up instead of counted again for each auction. */
  readonly #zoneInstances = new Map<string, Map<string, number>>();
  readonly #failedLrps: { lrp: LrpAuction; placementError: string }[] = [];
  readonly #failedTasks: FailedTask[] = [];

  constructor(facts: AuctionFacts) {
    this.#cells = facts.cells.map((cell) => new CellLedger(cell));
    this.#inFlightLimit =
      facts.startingContainerCountMaximum > 0 ? facts.startingContainerCountMaximum : Infinity;
    this.#inFlight = facts.cells.reduce((sum, cell) => sum + cell.startingContainerCount, 0);
    for (const cell of this.#cells) {
      for (const [processGuid, count] of cell.processes()) {
        this.#countInZone(processGuid, cell.state.zone, count);
      }
    }
  }

  auctionLrp(lrp: LrpAuction): void {
    const choice = this.#choose(lrp, (found) => this.#cellForLrp(found.zones, lrp));
    if (typeof choice === "string") {
      this.#failedLrps.push({ lrp, placementError: choice });
      return;
    }
    choice.placeLrp({ ...lrp, instanceGuid: "" });
    this.#countInZone(lrp.processGuid, choice.state.zone, 1);
    this.#inFlight += 1;
  }

  auctionTask(task: CellTask): void {
    const choice = this.#choose(task, (found) =>
      lowest(
        found.cells,
        task.resource,
        // Staging spreads over the cells before anything else.
        (cell) => localityOffset * cell.taskCount,
      ),
    );
    if (typeof choice === "string") {
      const compatible = this.#compatibleWith(task.placementConstraint);
      const waits =
        compatible.kind === "found" &&
        compatible.cells.some((cell) => cell.fitsWithoutTasks(task.resource));
      this.#failedTasks.push({ task, placementError: choice, waits });
      return;
    }
    choice.placeTask(task);
    this.#inFlight += 1;
  }

  result(): AuctionResult {
    return {
      work: this.#cells
        .filter((cell) => cell.lrps.length > 0 || cell.tasks.length > 0)
        .map((cell) => ({ cellId: cell.state.cellId, lrps: cell.lrps, tasks: cell.tasks })),
      failedLrps: this.#failedLrps,
      failedTasks: this.#failedTasks,
    };
  }

  /** The winner, or the placement error. */
  #choose(
    demand: {
      readonly resource: AuctionResource;
      readonly placementConstraint: PlacementConstraint;
    },
    winner: (found: CompatibleCells & { kind: "found" }) => CellLedger | undefined,
  ): CellLedger | string {
    const compatible = this.#compatibleWith(demand.placementConstraint);
    if (compatible.kind === "none") return compatible.placementError;
    if (this.#inFlight >= this.#inFlightLimit) return inFlightLimitReached;
    return winner(compatible) ?? insufficientResources(compatible.cells, demand.resource);
  }

  /** Zones with equally many instances compete with one another; a fuller zone is tried only when those are full. */
  #cellForLrp(zones: readonly ZoneCells[], lrp: LrpAuction): CellLedger | undefined {
    const counts = this.#zoneInstances.get(lrp.processGuid);
    const byCount = Map.groupBy(zones, ({ zone }) => counts?.get(zone) ?? 0);
    for (const count of [...byCount.keys()].sort((a, b) => a - b)) {
      const cells = (byCount.get(count) ?? []).flatMap((zone) => zone.cells);
      const winner = lowest(
        cells,
        lrp.resource,
        (cell) => localityOffset * cell.instancesOf(lrp.processGuid),
      );
      if (winner !== undefined) return winner;
    }
    return undefined;
  }

  #compatibleWith(constraint: PlacementConstraint): CompatibleCells {
    const key = JSON.stringify([constraint.rootFs, constraint.placementTags.toSorted()]);
    const known = this.#compatible.get(key);
    if (known !== undefined) return known;
    const found = compatibleCells(this.#cells, constraint);
    this.#compatible.set(key, found);
    return found;
  }

  #countInZone(processGuid: string, zone: string, added: number): void {
    const counts = this.#zoneInstances.get(processGuid) ?? new Map<string, number>();
    counts.set(zone, (counts.get(zone) ?? 0) + added);
    this.#zoneInstances.set(processGuid, counts);
  }
}

function lowest(
  cells: readonly CellLedger[],
  demand: AuctionResource,
  locality: (cell: CellLedger) => number,
): CellLedger | undefined {
  let winner: CellLedger | undefined;
  let winning = Infinity;
  for (const cell of cells) {
    if (!cell.fits(demand)) continue;
    const score = cell.score(demand, startingContainerWeight) + locality(cell);
    if (score < winning) {
      winning = score;
      winner = cell;
    }
  }
  return winner;
}

/** Names a resource only where every cell is short of it. */
function insufficientResources(cells: readonly CellLedger[], demand: AuctionResource): string {
  const all = cells.map((cell) => new Set(cell.shortages(demand)));
  const common = (["containers", "disk", "memory"] satisfies Shortage[]).filter((shortage) =>
    all.every((shortages) => shortages.has(shortage)),
  );
  return common.length === 0
    ? "insufficient resources"
    : `insufficient resources: ${common.join(", ")}`;
}
