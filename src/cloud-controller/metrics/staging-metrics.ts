import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { parseInstant } from "#kernel/clock/clock.ts";
import type { Span } from "../build-observations/observation-table.ts";
import type { Build } from "../builds/build-table.ts";
import type { Database } from "../database/schema.ts";
import type { StagingFailure } from "../staging/failure-reason.ts";

/** Seconds: from a static site to a Java build that loads the world. */
const stagingBuckets = [1, 2.5, 5, 10, 30, 60, 120, 300, 900];
const phaseBuckets = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300];

/** What runs in a container may name its phases as it likes: any other name is `other`. */
const phases = new Set([
  "place",
  "container",
  "download",
  "process",
  "upload",
  "detect",
  "supply",
  "finalize",
  "compile",
  "release",
  "droplet",
  "cache",
]);

export interface StagingMetrics {
  /** `failure`: undefined of a build that is STAGED. */
  ended(
    build: Pick<Build, "createdAt">,
    end: { readonly at: Date; readonly failure?: Pick<StagingFailure, "id"> },
  ): void;
  observed(spans: readonly Span[]): void;
}

export function stagingMetrics(registry: Registry, db: Database): StagingMetrics {
  const registers = [registry];
  const ended = new Counter({
    name: "rivera_stagings_total",
    help: "Builds that have ended, and what failed ones are said to have failed for",
    labelNames: ["result", "reason"],
    registers,
  });
  const durations = new Histogram({
    name: "rivera_staging_duration_seconds",
    help: "From a build's creation to its final state",
    labelNames: ["result"],
    buckets: stagingBuckets,
    registers,
  });
  const phaseDurations = new Histogram({
    name: "rivera_staging_phase_duration_seconds",
    help: "Pieces of stagings: what cells do for them, and the scripts of buildpacks",
    labelNames: ["phase"],
    buckets: phaseBuckets,
    registers,
  });
  new Gauge({
    name: "rivera_stagings_running",
    help: "Builds in state STAGING: those that wait for a cell, and those that run",
    registers,
    async collect() {
      const row = await db
        .selectFrom("builds")
        .select((eb) => eb.fn.countAll<number | bigint | string>().as("count"))
        .where("state", "=", "STAGING")
        .executeTakeFirstOrThrow();
      this.set(Number(row.count));
    },
  });
  return {
    ended({ createdAt }, { at, failure }) {
      const result = failure === undefined ? "staged" : "failed";
      ended.inc({ result, reason: failure?.id ?? "" });
      durations.observe({ result }, secondsBetween(createdAt, at));
    },
    observed(spans) {
      for (const { name, startedAt, endedAt } of spans) {
        const phase = phases.has(name) ? name : "other";
        phaseDurations.observe({ phase }, (endedAt - startedAt) / 1_000);
      }
    },
  };
}

/** An instant of a row, as text; another process's clock may be ahead. */
function secondsBetween(from: string, to: Date): number {
  const start = parseInstant(from) ?? to;
  return Math.max(0, to.getTime() - start.getTime()) / 1_000;
}
