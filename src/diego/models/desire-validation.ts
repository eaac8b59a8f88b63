import { BbsError } from "./bbs-error.ts";
import type { ContainerDefinition, SecurityGroupRule } from "./container-definition.ts";
import type { Check, DesiredLrpRequest, DesiredLrpUpdate, Routes } from "./desired-lrp.ts";
import { invalidActionFields, invalidChecksumFields } from "./invalid-action-fields.ts";
import type { TaskDefinition } from "./task.ts";

const guidPattern = /^[a-zA-Z0-9_-]+$/;
const maxGuidLength = 255;
const maxAnnotationBytes = 10 * 1024;
const maxRoutesBytes = 128 * 1024;

/** @throws {BbsError} InvalidRequest naming every field that is wrong. */
export function validateTask(task: {
  readonly definition: TaskDefinition;
  readonly taskGuid: string;
  readonly domain: string;
}): void {
  refuse([
    ...invalidGuid("task_guid", task.taskGuid),
    ...invalidGuid("domain", task.domain),
    ...invalidContainerFields(task.definition),
    ...invalidActionFields(task.definition.action),
  ]);
}

/** @throws {BbsError} InvalidRequest naming every field that is wrong. */
export function validateDesiredLrp(lrp: DesiredLrpRequest): void {
  const checks = [
    ...(lrp.checkDefinition?.checks ?? []),
    ...(lrp.checkDefinition?.readinessChecks ?? []),
  ];
  refuse([
    ...invalidGuid("process_guid", lrp.processGuid),
    ...invalidGuid("domain", lrp.domain),
    ...negative("instances", lrp.instances),
    ...negative("start_timeout_ms", lrp.startTimeoutMs),
    ...invalidContainerFields(lrp),
    ...[lrp.setup, lrp.action, lrp.monitor].flatMap((action) =>
      action === undefined ? [] : invalidActionFields(action),
    ),
    ...lrp.ports.flatMap((port) => invalidPort("ports", port)),
    ...checks.flatMap(invalidCheckFields),
    ...invalidRoutes(lrp.routes),
  ]);
}

/** @throws {BbsError} InvalidRequest naming every field that is wrong. */
export function validateDesiredLrpUpdate(update: DesiredLrpUpdate): void {
  refuse([
    ...negative("instances", update.instances ?? 0),
    ...invalidRoutes(update.routes ?? {}),
    ...invalidAnnotation(update.annotation ?? ""),
  ]);
}

function refuse(fields: readonly string[]): void {
  if (fields.length === 0) return;
  const named = [...new Set(fields)].map((field) => `Invalid field: ${field}`);
  throw new BbsError("InvalidRequest", named.join(", "));
}

function invalidContainerFields(definition: ContainerDefinition): string[] {
  return [
    ...(/^[a-z][a-z0-9+.-]*:./i.test(definition.rootFs) ? [] : ["root_fs"]),
    ...negative("disk_mb", definition.diskMb),
    ...negative("memory_mb", definition.memoryMb),
    ...negative("max_pids", definition.maxPids),
    ...(definition.logRateLimitBytesPerSecond >= -1 ? [] : ["log_rate_limit"]),
    ...invalidAnnotation(definition.annotation),
    ...definition.cachedDependencies.flatMap((dependency) => [
      ...(dependency.from === "" ? ["cached_dependencies.from"] : []),
      ...(dependency.to === "" ? ["cached_dependencies.to"] : []),
      ...invalidChecksumFields(dependency.checksum),
    ]),
    ...definition.egressRules.flatMap(invalidEgressFields),
  ];
}

function invalidEgressFields(rule: SecurityGroupRule): string[] {
  const mayLog = rule.protocol === "tcp" || rule.protocol === "all";
  return [
    ...(rule.destinations.length > 0 ? [] : ["egress_rules.destinations"]),
    ...(rule.log && !mayLog ? ["egress_rules.log"] : []),
    ...(rule.portRange !== undefined && rule.portRange.start > rule.portRange.end
      ? ["egress_rules.port_range"]
      : []),
    ...rule.ports.flatMap((port) => invalidPort("egress_rules.ports", port)),
    ...misplacedEgressFields(rule),
  ];
}

/** tcp and udp name ports in one of two ways, icmp its type and code, all neither. */
function misplacedEgressFields(rule: SecurityGroupRule): string[] {
  const hasPorts = rule.ports.length > 0;
  const hasRange = rule.portRange !== undefined;
  const hasIcmp = rule.icmpInfo !== undefined;
  switch (rule.protocol) {
    case "tcp":
    case "udp":
      return [
        ...(hasPorts === hasRange ? ["egress_rules.ports"] : []),
        ...(hasIcmp ? ["egress_rules.icmp_info"] : []),
      ];
    case "icmp":
    case "icmpv6":
      return [
        ...(hasPorts || hasRange ? ["egress_rules.ports"] : []),
        ...(hasIcmp ? [] : ["egress_rules.icmp_info"]),
      ];
    case "all":
      return [
        ...(hasPorts || hasRange ? ["egress_rules.ports"] : []),
        ...(hasIcmp ? ["egress_rules.icmp_info"] : []),
      ];
  }
}

function invalidCheckFields(check: Check): string[] {
  return invalidPort("check_definition.port", check.port);
}

function invalidPort(field: string, port: number): string[] {
  return port >= 1 && port <= 65_535 ? [] : [field];
}

function invalidGuid(field: string, guid: string): string[] {
  return guidPattern.test(guid) && guid.length <= maxGuidLength ? [] : [field];
}

function negative(field: string, value: number): string[] {
  return value < 0 ? [field] : [];
}

function invalidAnnotation(annotation: string): string[] {
  return Buffer.byteLength(annotation) <= maxAnnotationBytes ? [] : ["annotation"];
}

function invalidRoutes(routes: Routes): string[] {
  let size = 0;
  for (const [key, json] of Object.entries(routes)) size += key.length + Buffer.byteLength(json);
  return size <= maxRoutesBytes ? [] : ["routes"];
}
