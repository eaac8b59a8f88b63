import { Counter, Histogram, type Registry } from "prom-client";

/** Seconds: most queries of SQLite take a tenth of a millisecond. */
const buckets = [0.000_1, 0.000_5, 0.002_5, 0.01, 0.05, 0.25, 1];

export interface QueryMeter {
  ended(query: { readonly seconds: number; readonly failed: boolean }): void;
}

export function queryMeter(registry: Registry): QueryMeter {
  const durations = new Histogram({
    name: "rivera_database_query_duration_seconds",
    help: "How long a query took",
    buckets,
    registers: [registry],
  });
  const failures = new Counter({
    name: "rivera_database_query_failures_total",
    help: "Queries that ended with an error, violated constraints among them",
    registers: [registry],
  });
  return {
    ended({ seconds, failed }) {
      durations.observe(seconds);
      if (failed) failures.inc();
    },
  };
}
