import { Gauge, type Registry } from "prom-client";
import type { Executor } from "../executor/executor.ts";

const states = ["reserved", "initializing", "created", "running", "completed"] as const;
const bytesPerMb = 1024 * 1024;

/** What a cell has and what is left of it, read when it is asked for. */
export function meterCell(
  registry: Registry,
  executor: Pick<Executor, "total" | "remaining" | "list">,
): void {
  const registers = [registry];
  new Gauge({
    name: "rivera_cell_capacity_bytes",
    help: "What the cell may give to containers",
    labelNames: ["resource"],
    registers,
    collect() {
      this.set({ resource: "memory" }, executor.total.memoryMb * bytesPerMb);
      this.set({ resource: "disk" }, executor.total.diskMb * bytesPerMb);
    },
  });
  new Gauge({
    name: "rivera_cell_remaining_bytes",
    help: "What of the capacity no container has been promised",
    labelNames: ["resource"],
    registers,
    collect() {
      const { memoryMb, diskMb } = executor.remaining();
      this.set({ resource: "memory" }, memoryMb * bytesPerMb);
      this.set({ resource: "disk" }, diskMb * bytesPerMb);
    },
  });
  new Gauge({
    name: "rivera_cell_containers_max",
    help: "Containers that the cell takes",
    registers,
    collect() {
      this.set(executor.total.containers);
    },
  });
  new Gauge({
    name: "rivera_cell_containers",
    help: "Containers by their state, of apps (lrp) and of tasks and stagings (task)",
    labelNames: ["state", "kind"],
    registers,
    collect() {
      for (const state of states) {
        for (const kind of ["lrp", "task"]) this.set({ state, kind }, 0);
      }
      for (const { stage, owner } of executor.list()) {
        this.inc({ state: stage.state, kind: owner.kind });
      }
    },
  });
}
