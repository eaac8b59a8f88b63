import { Counter, Gauge, type Registry } from "prom-client";
import type { EnvelopeStore } from "./envelope-store.ts";

export interface LogCacheMetrics {
  ingested(batch: { readonly taken: number; readonly refused: number }): void;
}

export function logCacheMetrics(
  registry: Registry,
  store: Pick<EnvelopeStore, "totalBytes" | "sourceCount">,
): LogCacheMetrics {
  const registers = [registry];
  const taken = new Counter({
    name: "rivera_log_cache_envelopes_total",
    help: "Envelopes that have been taken: lines of logs and gauges",
    registers,
  });
  const refused = new Counter({
    name: "rivera_log_cache_refused_envelopes_total",
    help: "Envelopes that could not be read",
    registers,
  });
  new Gauge({
    name: "rivera_log_cache_bytes",
    help: "Bytes of the envelopes that are held",
    registers,
    collect() {
      this.set(store.totalBytes);
    },
  });
  new Gauge({
    name: "rivera_log_cache_sources",
    help: "Apps, and other sources, of which something is held",
    registers,
    collect() {
      this.set(store.sourceCount);
    },
  });
  return {
    ingested(batch) {
      taken.inc(batch.taken);
      refused.inc(batch.refused);
    },
  };
}
