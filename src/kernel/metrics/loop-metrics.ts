import { Counter, Gauge, type Registry } from "prom-client";
import type { LoopStatus } from "../loop/loop.ts";

/** What loops say of themselves, read when it is asked for. */
export function meterLoops(registry: Registry, loops: () => readonly LoopStatus[]): void {
  const common = { labelNames: ["loop"] as const, registers: [registry] };
  new Counter({
    ...common,
    name: "rivera_loop_activations_total",
    help: "Activations of the loop, failed ones too",
    collect() {
      this.reset();
      for (const { name, activations } of loops()) this.inc({ loop: name }, activations);
    },
  });
  new Gauge({
    ...common,
    name: "rivera_loop_failing",
    help: "Whether the loop's last activation failed",
    collect() {
      for (const { name, lastError } of loops()) {
        this.set({ loop: name }, lastError === undefined ? 0 : 1);
      }
    },
  });
  new Gauge({
    ...common,
    name: "rivera_loop_last_duration_seconds",
    help: "How long the loop's last activation took",
    collect() {
      for (const { name, lastDurationMs } of loops()) {
        if (lastDurationMs !== undefined) this.set({ loop: name }, lastDurationMs / 1_000);
      }
    },
  });
}
