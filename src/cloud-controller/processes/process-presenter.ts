import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { InstanceStats, InstanceUsage, ProcessInstance } from "./instance-reports.ts";
import type { Process, ReadinessHealthCheck } from "./process-table.ts";

export interface ProcessPresentation {
  readonly links: Links;
  readonly metadata: Metadata;
  readonly spaceGuid: string;
  /** Already redacted where the reader may not see it. */
  readonly command: string | null;
  /** With `embed=process_instances`. */
  readonly instances?: readonly ProcessInstance[];
}

export function presentProcess(process: Process, presentation: ProcessPresentation) {
  const { links, metadata, spaceGuid, command, instances } = presentation;
  const path = `/v3/processes/${process.guid}`;
  return {
    guid: process.guid,
    created_at: presentTimestamp(process.createdAt),
    updated_at: presentTimestamp(process.updatedAt),
    version: process.version,
    type: process.type,
    command,
    user: process.user ?? "vcap",
    instances: process.instances,
    memory_in_mb: process.memoryInMb,
    disk_in_mb: process.diskInMb,
    log_rate_limit_in_bytes_per_second: process.logRateLimitInBytesPerSecond,
    health_check: {
      type: process.healthCheck.type,
      data: { timeout: process.healthCheck.timeout, ...presentCheck(process.healthCheck) },
    },
    readiness_health_check: {
      type: process.readinessHealthCheck.type,
      data: presentCheck(process.readinessHealthCheck),
    },
    relationships: { app: relationTo(process.appGuid), revision: presentRevision(process) },
    metadata,
    links: {
      self: links.to(path),
      scale: links.action("POST", `${path}/actions/scale`),
      app: links.to(`/v3/apps/${process.appGuid}`),
      space: links.to(`/v3/spaces/${spaceGuid}`),
      stats: links.to(`${path}/stats`),
      process_instances: links.to(`${path}/process_instances`),
    },
    ...(instances === undefined ? {} : { process_instances: instances }),
  };
}

/** Null itself where there is none, not an object with null data. */
function presentRevision({ revisionGuid }: Process) {
  return revisionGuid === null ? null : relationTo(revisionGuid);
}

function presentCheck(check: ReadinessHealthCheck) {
  return {
    invocation_timeout: check.invocationTimeout,
    interval: check.interval,
    ...(check.type === "http" ? { endpoint: check.endpoint } : {}),
  };
}

/** The official client decodes sizes as integers: a fraction would be an error there. */
export function presentStats(process: Process, stats: InstanceStats, fileDescriptors: number) {
  const { container } = stats;
  const common = {
    type: process.type,
    index: stats.index,
    state: stats.state,
    routable: stats.routable,
    uptime: Math.floor(stats.uptime),
    isolation_segment: stats.isolationSegment,
    details: stats.details,
  };
  if (container === undefined) return common;
  return {
    ...common,
    instance_guid: container.instanceGuid,
    host: container.host,
    instance_internal_ip: container.instanceInternalIp,
    mem_quota: container.usage?.memoryQuota ?? null,
    disk_quota: container.usage?.diskQuota ?? null,
    log_rate_limit: container.usage?.logRateLimit ?? null,
    fds_quota: fileDescriptors,
    instance_ports: container.ports.map((port) => ({
      external: port.external,
      internal: port.internal,
      external_tls_proxy_port: null,
      internal_tls_proxy_port: null,
    })),
    usage: container.usage === undefined ? {} : presentUsage(container.usage),
  };
}

function presentUsage(usage: InstanceUsage) {
  return {
    time: usage.time.toISOString(),
    cpu: usage.cpu,
    cpu_entitlement: usage.cpuEntitlement,
    mem: Math.round(usage.memory),
    disk: Math.round(usage.disk),
    log_rate: Math.round(usage.logRate),
  };
}
