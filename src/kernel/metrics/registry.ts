import { Registry } from "prom-client";

/**
 * What one component counts, in Prometheus' text: its own registry, so that several run in one process. Every series carries
 * the component's name, and of a cell the cell's.
 */
export function createRegistry(
  component: string,
  labels: Readonly<Record<string, string>> = {},
): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ component, ...labels });
  return registry;
}

/** Seconds; from what memory answers to what a person waits for. */
export const secondsBuckets: number[] = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30];
