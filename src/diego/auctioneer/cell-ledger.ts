import type { CellLrp, CellState, CellTask } from "#diego/cell/rep/client.ts";
import type { AuctionResource } from "./client.ts";

/** What a cell has left while a round places work on it, and what it has won. */
export class CellLedger {
  readonly state: CellState;
  readonly lrps: CellLrp[] = [];
  readonly tasks: CellTask[] = [];
  #memoryMb: number;
  #diskMb: number;
  #containers: number;
  #starting: number;
  /** What tasks take of what is taken. */
  #tasksMemoryMb: number;
  #tasksDiskMb: number;
  #taskCount: number;
  readonly #instances = new Map<string, number>();

  constructor(state: CellState) {
    this.state = state;
    this.#memoryMb = state.availableResources.memoryMb;
    this.#diskMb = state.availableResources.diskMb;
    this.#containers = state.availableResources.containers;
    this.#starting = state.startingContainerCount;
    this.#taskCount = state.tasks.length;
    this.#tasksMemoryMb = state.tasks.reduce((sum, { resource }) => sum + resource.memoryMb, 0);
    this.#tasksDiskMb = state.tasks.reduce((sum, { resource }) => sum + resource.diskMb, 0);
    for (const lrp of state.lrps) this.#count(lrp.processGuid);
  }

  get taskCount(): number {
    return this.#taskCount;
  }

  instancesOf(processGuid: string): number {
    return this.#instances.get(processGuid) ?? 0;
  }

  /** The processes that have instances here, with their number. */
  processes(): Iterable<[string, number]> {
    return this.#instances;
  }

  /** What is short, in alphabetical order; empty where the demand fits. */
  shortages(demand: AuctionResource): readonly Shortage[] {
    const short: Shortage[] = [];
    if (this.#containers < 1) short.push("containers");
    if (this.#diskMb < demand.diskMb) short.push("disk");
    if (this.#memoryMb < demand.memoryMb) short.push("memory");
    return short;
  }

  fits(demand: AuctionResource): boolean {
    return (
      this.#containers >= 1 && this.#diskMb >= demand.diskMb && this.#memoryMb >= demand.memoryMb
    );
  }

  /** Whether it will fit once the tasks have ended, if nothing else comes. */
  fitsWithoutTasks(demand: AuctionResource): boolean {
    return (
      this.#containers + this.#taskCount >= 1 &&
      this.#diskMb + this.#tasksDiskMb >= demand.diskMb &&
      this.#memoryMb + this.#tasksMemoryMb >= demand.memoryMb
    );
  }

  /** The share of the cell in use once the demand is placed, plus a weight for each container that is starting. */
  score(demand: AuctionResource, startingContainerWeight: number): number {
    const { totalResources: total } = this.state;
    const used =
      usedShare(this.#memoryMb - demand.memoryMb, total.memoryMb) +
      usedShare(this.#diskMb - demand.diskMb, total.diskMb) +
      usedShare(this.#containers - 1, total.containers);
    return used / 3 + startingContainerWeight * this.#starting;
  }

  placeLrp(lrp: CellLrp): void {
    this.lrps.push(lrp);
    this.#count(lrp.processGuid);
    this.#take(lrp.resource);
  }

  placeTask(task: CellTask): void {
    this.tasks.push(task);
    this.#taskCount += 1;
    this.#tasksMemoryMb += task.resource.memoryMb;
    this.#tasksDiskMb += task.resource.diskMb;
    this.#take(task.resource);
  }

  #take(demand: AuctionResource): void {
    this.#memoryMb -= demand.memoryMb;
    this.#diskMb -= demand.diskMb;
    this.#containers -= 1;
    this.#starting += 1;
  }

  #count(processGuid: string): void {
    this.#instances.set(processGuid, this.instancesOf(processGuid) + 1);
  }
}

export type Shortage = "containers" | "disk" | "memory";

function usedShare(left: number, total: number): number {
  return total === 0 ? 1 : 1 - left / total;
}
