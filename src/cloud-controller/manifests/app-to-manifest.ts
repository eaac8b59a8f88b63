import type { App } from "../apps/app-table.ts";
import type { Executor } from "../database/schema.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { processesOfApp } from "../processes/find-process.ts";
import type { Process } from "../processes/process-table.ts";
import { mappedRoutes } from "../running/mapped-routes.ts";
import { sidecarsOfApp } from "../sidecars/find-sidecar.ts";
import type { Sidecar } from "../sidecars/sidecar-table.ts";
import { formatRate } from "./byte-sizes.ts";
import type { YamlMap, YamlValue } from "./parse-manifest.ts";

/** An app as the manifest that would make it so, keys in Cloud Controller's order. */
export async function appToManifest(db: Executor, app: App): Promise<YamlMap> {
  const processes = await processesOfApp(db, app.guid);
  const sidecars = await sidecarsOfApp(db, app.guid);
  const routes = (await mappedRoutes(db, [app.guid])).get(app.guid) ?? [];
  const metadata = (await loadMetadata(db, "app", [app.guid])).get(app.guid) ?? noMetadata;
  const { lifecycle } = app;
  return compact({
    name: app.name,
    env: stringified(app.environmentVariables),
    lifecycle: lifecycle.type,
    ...(lifecycle.type === "docker"
      ? {}
      : { buildpacks: lifecycle.buildpacks, stack: lifecycle.stack }),
    features: { ...app.features },
    // Options stand there also where there are none, as in the original.
    routes: sortedBy(routes, (route) => route.hostname).map((route) => ({
      ...compact({ route: route.hostname, protocol: route.protocol }),
      options: stringified(route.options),
    })),
    metadata: compact({ labels: { ...metadata.labels }, annotations: { ...metadata.annotations } }),
    processes: sortedBy(processes, (process) => process.type).map(presentProcess),
    sidecars: sortedBy(sidecars, (sidecar) => sidecar.name).map(presentSidecar),
  });
}

function presentProcess(process: Process): YamlMap {
  const { healthCheck, readinessHealthCheck } = process;
  return compact({
    type: process.type,
    instances: process.instances,
    memory: `${process.memoryInMb}M`,
    disk_quota: `${process.diskInMb}M`,
    "log-rate-limit-per-second": formatRate(process.logRateLimitInBytesPerSecond),
    // Its own command only: one that the buildpacks found would be fixed by pushing the manifest.
    command: process.command,
    user: process.user,
    "health-check-type": healthCheck.type,
    "health-check-http-endpoint": healthCheck.endpoint,
    "health-check-invocation-timeout": healthCheck.invocationTimeout,
    "health-check-interval": healthCheck.interval,
    "readiness-health-check-type": readinessHealthCheck.type,
    "readiness-health-check-http-endpoint": readinessHealthCheck.endpoint,
    "readiness-health-check-invocation-timeout": readinessHealthCheck.invocationTimeout,
    "readiness-health-check-interval": readinessHealthCheck.interval,
    timeout: healthCheck.timeout,
  });
}

function presentSidecar(sidecar: Sidecar): YamlMap {
  return compact({
    name: sidecar.name,
    process_types: sidecar.processTypes,
    command: sidecar.command,
    memory: sidecar.memoryInMb === null ? null : `${sidecar.memoryInMb}M`,
  });
}

function sortedBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  return items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function stringified(variables: Readonly<Record<string, unknown>>): YamlMap {
  return Object.fromEntries(
    Object.entries(variables).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** Leaves out what is null or empty, but not zero. */
function compact(map: Readonly<Record<string, YamlValue>>): YamlMap {
  return Object.fromEntries(
    Object.entries(map).filter(
      ([, value]) => value !== null && (typeof value !== "object" || Object.keys(value).length > 0),
    ),
  );
}
