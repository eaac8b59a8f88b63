import { Counter, Gauge, type Registry } from "prom-client";
import type { Database } from "../database/schema.ts";
import { liveBytes } from "../resource-matches/resource-packs.ts";

export interface ResourceMetrics {
  matched(request: { readonly asked: number; readonly matched: number }): void;
}

export function resourceMetrics(registry: Registry, db: Database): ResourceMetrics {
  const registers = [registry];
  const files = new Counter({
    name: "rivera_resource_cache_files_total",
    help: "Files that clients asked for before a push: those that need not be sent, and the others",
    labelNames: ["result"],
    registers,
  });
  new Gauge({
    name: "rivera_resource_cache_bytes",
    help: "Bytes of the files in the resource cache, compressed",
    registers,
    async collect() {
      this.set(await liveBytes(db));
    },
  });
  return {
    matched({ asked, matched }) {
      files.inc({ result: "matched" }, matched);
      files.inc({ result: "missing" }, asked - matched);
    },
  };
}
