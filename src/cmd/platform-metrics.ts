import { Gauge, collectDefaultMetrics } from "prom-client";
import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { internalHeaders, type InternalSecret } from "#kernel/http/internal-auth.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { createRegistry } from "#kernel/metrics/registry.ts";

/** One component's metrics in Prometheus' text. */
export interface MetricsSource {
  readonly name: string;
  readonly read: () => Promise<string>;
}

const answerMs = 5_000;
/** Event loop delay is sampled that often; the library's 10 ms would wake an idle platform a hundred times a second. */
const loopSampleMs = 100;

/** `GET /metrics` of an internal listener. */
export function internalSource(
  name: string,
  url: string,
  { clock, secret }: { readonly clock: Clock; readonly secret: InternalSecret },
): MetricsSource {
  const headers = internalHeaders(secret);
  return {
    name,
    read: async () =>
      await withDeadline({ clock, ms: answerMs }, async (signal) => {
        const response = await fetch(`${url}/metrics`, { headers, signal });
        if (!response.ok) throw new Error(`${url}/metrics answers ${response.status}`);
        return await response.text();
      }),
  };
}

/**
 * The metrics of all components and of the process as one text. A component that does not answer is left out, and
 * `rivera_component_up` says so; the log tells why, once until it answers again.
 */
export function platformMetrics(
  sources: () => readonly MetricsSource[],
  logger: Logger,
): () => Promise<string> {
  const registry = createRegistry("platform");
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: loopSampleMs });
  const up = new Gauge({
    name: "rivera_component_up",
    help: "Whether the component answered with its metrics",
    labelNames: ["name"],
    registers: [registry],
  });
  const away = new Set<string>();
  return async () => {
    const texts = await Promise.all(
      sources().map(async ({ name, read }) => {
        try {
          const text = await read();
          up.set({ name }, 1);
          away.delete(name);
          return text;
        } catch (error) {
          if (!away.has(name)) logger.warn("metrics-not-answered", { name, error });
          away.add(name);
          up.set({ name }, 0);
          return "";
        }
      }),
    );
    return mergeExpositions([await registry.metrics(), ...texts]);
  };
}

/** Prometheus wants a metric's series together, below one help: components have metrics of the same name. */
export function mergeExpositions(texts: readonly string[]): string {
  const families = new Map<string, { head: string[]; series: string[] }>();
  for (const text of texts) {
    let family: { head: string[]; series: string[] } | undefined;
    let isKnown = false;
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const name = /^# HELP (\S+)/.exec(line)?.[1];
      if (name !== undefined) {
        isKnown = families.has(name);
        family = families.get(name) ?? { head: [], series: [] };
        families.set(name, family);
      }
      if (!line.startsWith("#")) family?.series.push(line);
      else if (!isKnown) family?.head.push(line);
    }
  }
  const lines = [...families.values()].flatMap(({ head, series }) => [...head, ...series]);
  return `${lines.join("\n")}\n`;
}
