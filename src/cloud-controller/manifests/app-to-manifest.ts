import type { App } from "../apps/app-table.ts";
import type { Executor } from "../database/schema.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { processesOfApp } from "../processes/find-process.ts";
import { startCommands } from "../processes/process-commands.ts";
import type { Process } from "../processes/process-table.ts";
import { mappedRoutes } from "../running/mapped-routes.ts";
import { formatRate } from "./byte-sizes.ts";
import type { YamlMap, YamlValue } from "./parse-manifest.ts";

/** An app as the manifest that would make it so, keys in the order that `cf create-app-manifest` shows them. */
export async function appToManifest(db: Executor, app: App): Promise<YamlMap> {
  const processes = await processesOfApp(db, app.guid);
  const commands = await startCommands(db, processes);
  const routes = (await mappedRoutes(db, [app.guid])).get(app.guid) ?? [];
  const metadata = (await loadMetadata(db, "app", [app.guid])).get(app.guid) ?? noMetadata;
  const { lifecycle } = app;
  return compact({
    name: app.name,
    lifecycle: lifecycle.type,
    ...(lifecycle.type === "docker"
      ? {}
      : { buildpacks: lifecycle.buildpacks, stack: lifecycle.stack }),
    env: stringified(app.environmentVariables),
    features: { ...app.features },
    routes: [...routes]
      .sort((a, b) => (a.hostname < b.hostname ? -1 : 1))
      .map((route) =>
        compact({
          route: route.hostname,
          protocol: route.protocol,
          options: stringified(route.options),
        }),
      ),
    metadata: compact({ labels: { ...metadata.labels }, annotations: { ...metadata.annotations } }),
    processes: [...processes]
      .sort((a, b) => (a.type < b.type ? -1 : 1))
      .map((process) => presentProcess(process, commands.get(process.guid) ?? null)),
  });
}

function presentProcess(process: Process, command: string | null): YamlMap {
  const { healthCheck, readinessHealthCheck } = process;
  return compact({
    type: process.type,
    instances: process.instances,
    memory: `${process.memoryInMb}M`,
    disk_quota: `${process.diskInMb}M`,
    "log-rate-limit-per-second": formatRate(process.logRateLimitInBytesPerSecond),
    command,
    user: process.user,
    "health-check-type": healthCheck.type,
    timeout: healthCheck.timeout,
    "health-check-http-endpoint": healthCheck.endpoint,
    "health-check-invocation-timeout": healthCheck.invocationTimeout,
    "health-check-interval": healthCheck.interval,
    "readiness-health-check-type": readinessHealthCheck.type,
    "readiness-health-check-http-endpoint": readinessHealthCheck.endpoint,
    "readiness-health-check-invocation-timeout": readinessHealthCheck.invocationTimeout,
    "readiness-health-check-interval": readinessHealthCheck.interval,
  });
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
