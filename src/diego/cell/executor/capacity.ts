import type { Allocation } from "./container.ts";

export interface Capacity {
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly containers: number;
}

type Demand = Pick<Allocation, "memoryMb" | "diskMb">;

/** What is left once those have their places. Completed ones count until they are destroyed. */
export function remaining(total: Capacity, allocations: Iterable<Demand>): Capacity {
  let { memoryMb, diskMb, containers } = total;
  for (const allocation of allocations) {
    memoryMb -= allocation.memoryMb;
    diskMb -= allocation.diskMb;
    containers -= 1;
  }
  return { memoryMb, diskMb, containers };
}

export function fits(left: Capacity, demand: Demand): boolean {
  return left.containers >= 1 && left.memoryMb >= demand.memoryMb && left.diskMb >= demand.diskMb;
}
