import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { BbsDatabase } from "./store/bbs-schema.ts";

/** Seconds: a call is one short transaction. */
const buckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5];
const taskStates = ["PENDING", "RUNNING", "COMPLETED", "RESOLVING"];
const lrpStates = ["UNCLAIMED", "CLAIMED", "RUNNING", "CRASHED"];

export interface BbsMetrics {
  /** `route`: one of the paths that are served. To be told how it ended. */
  called(route: string): (end: { readonly refused: boolean }) => void;
}

/** Its tables are counted when somebody asks. */
export function bbsMetrics(registry: Registry, db: BbsDatabase): BbsMetrics {
  const registers = [registry];
  const durations = new Histogram({
    name: "rivera_bbs_request_duration_seconds",
    help: "How long a call took",
    labelNames: ["route"],
    buckets,
    registers,
  });
  const refusals = new Counter({
    name: "rivera_bbs_refusals_total",
    help: "Calls that were answered with an error",
    labelNames: ["route"],
    registers,
  });
  new Gauge({
    name: "rivera_bbs_tasks",
    help: "Tasks and stagings by their state",
    labelNames: ["state"],
    registers,
    async collect() {
      const rows = await db
        .selectFrom("tasks")
        .select((eb) => ["state", eb.fn.countAll<number | bigint | string>().as("count")])
        .groupBy("state")
        .execute();
      for (const state of taskStates) this.set({ state }, countOf(rows, state));
    },
  });
  new Gauge({
    name: "rivera_bbs_actual_lrps",
    help: "Instances of apps by their state",
    labelNames: ["state"],
    registers,
    async collect() {
      const rows = await db
        .selectFrom("actualLrps")
        .select((eb) => ["state", eb.fn.countAll<number | bigint | string>().as("count")])
        .groupBy("state")
        .execute();
      for (const state of lrpStates) this.set({ state }, countOf(rows, state));
    },
  });
  new Gauge({
    name: "rivera_bbs_desired_instances",
    help: "Instances of apps that there shall be",
    registers,
    async collect() {
      const row = await db
        .selectFrom("desiredLrps")
        .select((eb) => eb.fn.sum<number | bigint | string | null>("instances").as("count"))
        .executeTakeFirst();
      this.set(Number(row?.count ?? 0));
    },
  });
  return {
    called(route) {
      const stop = durations.startTimer({ route });
      return ({ refused }) => {
        stop();
        if (refused) refusals.inc({ route });
      };
    },
  };
}

/** PostgreSQL counts in 64 bits. */
function countOf(
  rows: readonly { readonly state: string; readonly count: number | bigint | string }[],
  state: string,
): number {
  return Number(rows.find((row) => row.state === state)?.count ?? 0);
}
