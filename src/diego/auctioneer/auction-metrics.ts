import { Counter, Gauge, type Registry } from "prom-client";
import type { RoundReport } from "./hold-round.ts";
import type { Unplaced } from "./unplaced.ts";

export interface AuctionMetrics {
  roundHeld(report: RoundReport): void;
}

export function auctionMetrics(
  registry: Registry,
  unplaced: Pick<Unplaced, "waiting">,
): AuctionMetrics {
  const registers = [registry];
  const placed = new Counter({
    name: "rivera_auctioneer_placed_total",
    help: "Instances and tasks that were given to a cell",
    registers,
  });
  const failed = new Counter({
    name: "rivera_auctioneer_placement_failures_total",
    help: "Instances and tasks that found no cell, once for each round that tried",
    registers,
  });
  const cells = new Gauge({
    name: "rivera_auctioneer_cells",
    help: "Cells that took part in the last round",
    registers,
  });
  new Gauge({
    name: "rivera_auctioneer_waiting",
    help: "What waits for room on a cell",
    labelNames: ["kind"],
    registers,
    collect() {
      const { lrps, tasks } = unplaced.waiting;
      this.set({ kind: "lrp" }, lrps);
      this.set({ kind: "task" }, tasks);
    },
  });
  return {
    roundHeld(report) {
      placed.inc(report.placed);
      failed.inc(report.failed);
      cells.set(report.cells);
    },
  };
}
