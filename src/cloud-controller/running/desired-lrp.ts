import type { Action, EnvironmentVariable } from "#diego/models/action.ts";
import type { SecurityGroupRule } from "#diego/models/container-definition.ts";
import type {
  Check,
  CheckDefinition,
  DesiredLrpRequest,
  Routes,
} from "#diego/models/desired-lrp.ts";
import { preloadedRootFs } from "#diego/models/root-fs.ts";
import type { App } from "../apps/app-table.ts";
import type { Process, ReadinessHealthCheck } from "../processes/process-table.ts";
import {
  lifecycleDependency,
  trustedSystemCertificatesPath,
  type Fetchable,
} from "../staging/task-definition.ts";
import type { MappedRoute } from "./mapped-routes.ts";
import { appMetricTags, type AppPlace } from "./vcap-application.ts";

export const processDomain = "cf-apps";
/** Where a buildpack app listens unless its routes say otherwise. */
const defaultPort = 8080;

const user = "vcap";
const monitorTimeoutMs = 600_000;
const defaultStartTimeoutSeconds = 60;

/** All that goes into the LRP of a process. */
export interface ProcessFacts {
  readonly process: Process;
  readonly app: Pick<App, "guid" | "name">;
  readonly place: AppPlace;
  readonly stack: string;
  /** Names; undefined for all that the cell has. */
  readonly toolchains: readonly string[] | undefined;
  /** Of the process, else of the droplet for its type; empty where neither has one. */
  readonly startCommand: string;
  readonly executionMetadata: string;
  readonly droplet: Fetchable;
  readonly lifecycle: { readonly url: string; readonly key: string };
  /** Those that lead to this process. */
  readonly routes: readonly MappedRoute[];
  /** Those of the process's type. */
  readonly sidecars: readonly LrpSidecar[];
  /** Without the port variables. */
  readonly environment: readonly EnvironmentVariable[];
  readonly egressRules: readonly SecurityGroupRule[];
  /** The isolation segment of the app's space; none for the shared one. */
  readonly placementTags: readonly string[];
  readonly pidLimit: number;
  readonly lang: string;
  readonly fileDescriptors: number;
}

interface LrpSidecar {
  readonly name: string;
  readonly command: string;
  /** Without the port variables. */
  readonly environment: readonly EnvironmentVariable[];
}

/** The first one is the process's PORT. */
type OpenPorts = readonly [number, ...number[]];

/** `<process guid>-<process version>`: a new version is a new LRP. */
export function lrpGuid(process: Pick<Process, "guid" | "version">): string {
  return `${process.guid}-${process.version}`;
}

/** The process guid in what Diego calls a process guid: two UUIDs and the dash between. */
export function processGuidOf(lrp: string): string {
  return lrp.slice(0, 36);
}

/** What changes with an LRP that stays; compared by the sync loop. */
export function lrpAnnotation(process: Pick<Process, "updatedAt">): string {
  return process.updatedAt;
}

/** The LRP of a process, field by field the original's (app_recipe_builder.rb), without the ssh daemon. */
export function desiredLrpFor(facts: ProcessFacts): DesiredLrpRequest {
  const { process, app } = facts;
  const ports = openPorts(facts.routes);
  return {
    processGuid: lrpGuid(process),
    domain: processDomain,
    instances: process.state === "STARTED" ? process.instances : 0,
    memoryMb: process.memoryInMb,
    diskMb: process.diskInMb,
    logRateLimitBytesPerSecond: process.logRateLimitInBytesPerSecond,
    cpuWeight: cpuWeight(process.memoryInMb),
    startTimeoutMs: (process.healthCheck.timeout ?? defaultStartTimeoutSeconds) * 1000,
    rootFs: preloadedRootFs(facts),
    privileged: false,
    environmentVariables: [{ name: "LANG", value: facts.lang }],
    setup: {
      kind: "serial",
      logSource: "",
      actions: [
        {
          kind: "download",
          artifact: "droplet",
          from: facts.droplet.url,
          to: ".",
          cacheKey: `droplets-${lrpGuid(process)}`,
          logSource: "",
          user,
          checksum: { algorithm: "sha256", value: facts.droplet.sha256 },
        },
      ],
    },
    action: actionOf(facts, ports),
    monitor: monitorOf(process, ports),
    checkDefinition: checksOf(process, ports),
    cachedDependencies: [lifecycleDependency(facts.stack, facts.lifecycle)],
    ports,
    routes: routesOf(facts.routes),
    logSource: "CELL",
    logGuid: app.guid,
    metricsGuid: app.guid,
    legacyDownloadUser: user,
    trustedSystemCertificatesPath,
    egressRules: facts.egressRules,
    placementTags: facts.placementTags,
    maxPids: facts.pidLimit,
    metricTags: {
      ...appMetricTags(app, facts.place),
      process_id: { static: process.guid },
      process_type: { static: process.type },
      process_instance_id: { dynamic: "INSTANCE_GUID" },
      instance_id: { dynamic: "INDEX" },
    },
    annotation: lrpAnnotation(process),
  };
}

/** A share of 8 GB, at least that of 128 MB, in whole percents. */
export function cpuWeight(memoryInMb: number): number {
  return Math.floor((100 * Math.min(Math.max(memoryInMb, 128), 8192)) / 8192);
}

/**
 * The ports that a process's routes name, else 8080, whatever its type (desired_lrp_builder.rb).
 */
function openPorts(routes: readonly Pick<MappedRoute, "port">[]): OpenPorts {
  const [first = defaultPort, ...others] = new Set(routes.map(({ port }) => port));
  return [first, ...others];
}

/**
 * What the route emitter reads, and the names between containers. Without routes the key stays, so that an update can
 * take them away.
 */
export function routesOf(routes: readonly MappedRoute[]): Routes {
  const entries = routes
    .filter((route) => !route.internal)
    .map(({ hostname, port, protocol, options, policies }) => {
      const all = { ...options, ...policyOptions(policies) };
      return {
        hostnames: [hostname],
        port,
        route_service_url: null,
        isolation_segment: null,
        protocol,
        ...(Object.keys(all).length === 0 ? {} : { options: all }),
      };
    });
  const internal = routes.filter((route) => route.internal).map(({ hostname }) => ({ hostname }));
  return {
    "cf-router": JSON.stringify(entries),
    ...(internal.length === 0 ? {} : { "internal-router": JSON.stringify(internal) }),
  };
}

/** Keys between Cloud Controller and the router alone; the API does not show them. */
function policyOptions(policies: MappedRoute["policies"]) {
  if (policies === undefined) return {};
  const { scope, sources } = policies;
  return {
    route_policy_scope: scope ?? "any",
    ...(sources.length === 0 ? {} : { route_policy_sources: sources.join(",") }),
  };
}

function actionOf(facts: ProcessFacts, ports: OpenPorts): Action {
  const { process } = facts;
  const logSource = `APP/PROC/${process.type.toUpperCase()}`;
  const run = (program: Omit<LrpSidecar, "name">, source: string): Action => ({
    kind: "run",
    path: "/tmp/lifecycle/launcher",
    args: ["app", program.command, facts.executionMetadata],
    dir: "",
    env: [...portVariables(ports), ...program.environment],
    nofile: facts.fileDescriptors,
    user: process.user ?? user,
    logSource: source,
    suppressLogOutput: false,
  });
  const app = { command: facts.startCommand, environment: facts.environment };
  const sidecars = facts.sidecars.map((sidecar) =>
    run(sidecar, `${logSource}/SIDECAR/${sidecar.name.toUpperCase()}`),
  );
  return {
    kind: "codependent",
    logSource: "",
    actions: [run(app, logSource), ...sidecars],
  };
}

/** They stand first, so that a user's variable of that name overrides them, as in the original. */
function portVariables([port]: OpenPorts): EnvironmentVariable[] {
  return [
    { name: "PORT", value: String(port) },
    { name: "VCAP_APP_PORT", value: String(port) },
    { name: "VCAP_APP_HOST", value: "0.0.0.0" },
  ];
}

/** The check as an action, for cells that know no check definitions. */
function monitorOf(process: Process, ports: OpenPorts): Action | undefined {
  const { type, endpoint, invocationTimeout } = process.healthCheck;
  if (type === "process") return undefined;
  const checkedPorts = type === "http" ? ports.slice(0, 1) : ports;
  const actions = checkedPorts.map((port): Action => ({
    kind: "run",
    path: "/tmp/lifecycle/healthcheck",
    args: [
      `-port=${port}`,
      ...(type === "http" ? [`-uri=${endpoint ?? "/"}`] : []),
      ...(invocationTimeout === null ? [] : [`-timeout=${invocationTimeout}s`]),
    ],
    dir: "",
    env: [],
    user: process.user ?? user,
    logSource: "HEALTH",
    suppressLogOutput: true,
  }));
  return {
    kind: "timeout",
    timeoutMs: monitorTimeoutMs,
    logSource: "",
    action: { kind: "parallel", actions, logSource: "" },
  };
}

function checksOf(process: Process, ports: OpenPorts): CheckDefinition | undefined {
  const checks = checkOf(process.healthCheck, ports);
  const readinessChecks = checkOf(process.readinessHealthCheck, ports);
  if (checks.length === 0 && readinessChecks.length === 0) return undefined;
  return { checks, readinessChecks, logSource: "" };
}

function checkOf(check: ReadinessHealthCheck, ports: OpenPorts): Check[] {
  const timeoutMs = (check.invocationTimeout ?? 0) * 1000;
  const intervalMs = (check.interval ?? 0) * 1000;
  if (check.type === "process") return [];
  if (check.type === "http") {
    const path = check.endpoint ?? "/";
    return [{ kind: "http", port: ports[0], path, requestTimeoutMs: timeoutMs, intervalMs }];
  }
  return ports.map((port) => ({ kind: "tcp", port, connectTimeoutMs: timeoutMs, intervalMs }));
}
