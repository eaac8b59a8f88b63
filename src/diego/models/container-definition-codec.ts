import type { MessageInitShape } from "@bufbuild/protobuf";
import { decodeChecksum, encodeChecksum } from "./action-codec.ts";
import type { EnvironmentVariable } from "./action.ts";
import { BbsError } from "./bbs-error.ts";
import type {
  CachedDependency,
  ContainerDefinition,
  MetricTagValue,
  SecurityGroupRule,
} from "./container-definition.ts";
import type { EnvironmentVariable as EnvironmentVariableMessage } from "./proto/actions_pb.js";
import {
  MetricTagValue_DynamicValue,
  type CachedDependency as CachedDependencyMessage,
  type CachedDependencySchema,
  type LogRateLimit as LogRateLimitMessage,
  type MetricTagValue as MetricTagValueMessage,
  type MetricTagValueSchema,
  type SecurityGroupRule as SecurityGroupRuleMessage,
  type SecurityGroupRuleSchema,
} from "./proto/container_pb.js";

/** The fields that a TaskDefinition and a DesiredLRP have under the same names, if not the same numbers. */
interface ContainerFields {
  readonly rootFs: string;
  readonly environmentVariables: readonly EnvironmentVariableMessage[];
  readonly diskMb: number;
  readonly memoryMb: number;
  readonly cpuWeight: number;
  readonly privileged: boolean;
  readonly logSource: string;
  readonly logGuid: string;
  readonly metricsGuid: string;
  readonly cachedDependencies: readonly CachedDependencyMessage[];
  readonly legacyDownloadUser: string;
  readonly trustedSystemCertificatesPath: string;
  readonly egressRules: readonly SecurityGroupRuleMessage[];
  readonly placementTags: readonly string[];
  readonly maxPids: number;
  readonly logRateLimit?: LogRateLimitMessage | undefined;
  readonly metricTags: Readonly<Record<string, MetricTagValueMessage>>;
  readonly annotation: string;
  readonly volumeMounts: readonly unknown[];
  readonly volumeMountedFiles: readonly unknown[];
  readonly imageLayers: readonly unknown[];
}

export function encodeContainerDefinition(definition: ContainerDefinition) {
  return {
    rootFs: definition.rootFs,
    environmentVariables: definition.environmentVariables.map(({ name, value }) => ({
      name,
      value,
    })),
    diskMb: definition.diskMb,
    memoryMb: definition.memoryMb,
    cpuWeight: definition.cpuWeight,
    privileged: definition.privileged,
    logSource: definition.logSource,
    logGuid: definition.logGuid,
    metricsGuid: definition.metricsGuid,
    cachedDependencies: definition.cachedDependencies.map(encodeCachedDependency),
    legacyDownloadUser: definition.legacyDownloadUser,
    trustedSystemCertificatesPath: definition.trustedSystemCertificatesPath,
    egressRules: definition.egressRules.map(encodeSecurityGroupRule),
    placementTags: [...definition.placementTags],
    maxPids: definition.maxPids,
    // Always sent: a limit of 0 means "no logs", an absent one "unlimited".
    logRateLimit: { bytesPerSecond: BigInt(definition.logRateLimitBytesPerSecond) },
    metricTags: encodeMetricTags(definition.metricTags),
    annotation: definition.annotation,
  };
}

/** @throws {BbsError} InvalidRequest where the message says something that cannot be. */
export function decodeContainerDefinition(message: ContainerFields): ContainerDefinition {
  refuseUnsupported({
    volume_mounts: message.volumeMounts,
    volume_mounted_files: message.volumeMountedFiles,
    image_layers: message.imageLayers,
  });
  return {
    rootFs: message.rootFs,
    environmentVariables: decodeEnvironment(message.environmentVariables),
    diskMb: message.diskMb,
    memoryMb: message.memoryMb,
    cpuWeight: message.cpuWeight,
    privileged: message.privileged,
    logSource: message.logSource,
    logGuid: message.logGuid,
    metricsGuid: message.metricsGuid,
    cachedDependencies: message.cachedDependencies.map(decodeCachedDependency),
    legacyDownloadUser: message.legacyDownloadUser,
    trustedSystemCertificatesPath: message.trustedSystemCertificatesPath,
    egressRules: message.egressRules.map(decodeSecurityGroupRule),
    placementTags: [...message.placementTags],
    maxPids: message.maxPids,
    logRateLimitBytesPerSecond: Number(message.logRateLimit?.bytesPerSecond ?? -1n),
    metricTags: decodeMetricTags(message.metricTags),
    annotation: message.annotation,
  };
}

/** Better no container than one that lacks what was asked for. @throws {BbsError} InvalidRequest */
export function refuseUnsupported(fields: Readonly<Record<string, readonly unknown[]>>): void {
  for (const [name, values] of Object.entries(fields)) {
    if (values.length > 0) throw new BbsError("InvalidRequest", `Not supported: ${name}`);
  }
}

function decodeEnvironment(
  variables: readonly EnvironmentVariableMessage[],
): EnvironmentVariable[] {
  return variables.map(({ name, value }) => ({ name, value }));
}

function encodeCachedDependency(
  dependency: CachedDependency,
): MessageInitShape<typeof CachedDependencySchema> {
  return {
    name: dependency.name,
    from: dependency.from,
    to: dependency.to,
    cacheKey: dependency.cacheKey,
    logSource: dependency.logSource,
    ...encodeChecksum(dependency.checksum),
  };
}

function decodeCachedDependency(message: CachedDependencyMessage): CachedDependency {
  return {
    name: message.name,
    from: message.from,
    to: message.to,
    cacheKey: message.cacheKey,
    logSource: message.logSource,
    ...decodeChecksum(message),
  };
}

function encodeSecurityGroupRule(
  rule: SecurityGroupRule,
): MessageInitShape<typeof SecurityGroupRuleSchema> {
  return {
    protocol: rule.protocol,
    destinations: [...rule.destinations],
    ports: [...rule.ports],
    ...(rule.portRange === undefined ? {} : { portRange: rule.portRange }),
    ...(rule.icmpInfo === undefined ? {} : { icmpInfo: rule.icmpInfo }),
    log: rule.log,
  };
}

function decodeSecurityGroupRule(message: SecurityGroupRuleMessage): SecurityGroupRule {
  const { portRange, icmpInfo } = message;
  return {
    protocol: decodeProtocol(message.protocol),
    destinations: message.destinations,
    ports: message.ports,
    ...(portRange === undefined
      ? {}
      : { portRange: { start: portRange.start, end: portRange.end } }),
    ...(icmpInfo === undefined ? {} : { icmpInfo: { type: icmpInfo.type, code: icmpInfo.code } }),
    log: message.log,
  };
}

function decodeProtocol(protocol: string): SecurityGroupRule["protocol"] {
  switch (protocol) {
    case "tcp":
    case "udp":
    case "icmp":
    case "icmpv6":
    case "all":
      return protocol;
    default:
      throw new BbsError("InvalidRequest", "Invalid field: egress_rules.protocol");
  }
}

const dynamicNumbers = {
  INDEX: MetricTagValue_DynamicValue.INDEX,
  INSTANCE_GUID: MetricTagValue_DynamicValue.INSTANCE_GUID,
} as const;

export function encodeMetricTags(
  tags: ContainerDefinition["metricTags"],
): Record<string, MessageInitShape<typeof MetricTagValueSchema>> {
  return Object.fromEntries(
    Object.entries(tags).map(([name, value]) => [
      name,
      "static" in value ? { static: value.static } : { dynamic: dynamicNumbers[value.dynamic] },
    ]),
  );
}

export function decodeMetricTags(
  tags: Readonly<Record<string, MetricTagValueMessage>>,
): Record<string, MetricTagValue> {
  return Object.fromEntries(
    Object.entries(tags).map(([name, value]) => [name, decodeMetricTag(name, value)]),
  );
}

function decodeMetricTag(name: string, message: MetricTagValueMessage): MetricTagValue {
  const isStatic = message.static !== "";
  switch (message.dynamic) {
    case MetricTagValue_DynamicValue.DynamicValueInvalid:
      return { static: message.static };
    case MetricTagValue_DynamicValue.INDEX:
      if (!isStatic) return { dynamic: "INDEX" };
      break;
    case MetricTagValue_DynamicValue.INSTANCE_GUID:
      if (!isStatic) return { dynamic: "INSTANCE_GUID" };
      break;
  }
  throw new BbsError("InvalidRequest", `Invalid field: metric_tags.${name}`);
}
