import type { Checksum, EnvironmentVariable } from "./action.ts";

/** What a Task and a DesiredLRP share: the container they ask for. */
export interface ContainerDefinition {
  /** A URL with a scheme, `preloaded:cflinuxfs4`. */
  readonly rootFs: string;
  readonly environmentVariables: readonly EnvironmentVariable[];
  readonly diskMb: number;
  /** 0: unlimited. */
  readonly memoryMb: number;
  /** 1 to 100. */
  readonly cpuWeight: number;
  readonly privileged: boolean;
  readonly logSource: string;
  /** The app's guid: the source id of its log envelopes. */
  readonly logGuid: string;
  readonly metricsGuid: string;
  readonly cachedDependencies: readonly CachedDependency[];
  readonly legacyDownloadUser: string;
  readonly trustedSystemCertificatesPath: string;
  readonly egressRules: readonly SecurityGroupRule[];
  readonly placementTags: readonly string[];
  /** 0: unlimited. */
  readonly maxPids: number;
  /** Bytes a second; -1: unlimited. */
  readonly logRateLimitBytesPerSecond: number;
  readonly metricTags: Readonly<Record<string, MetricTagValue>>;
  /** At most 10 KiB, opaque to Diego. */
  readonly annotation: string;
}

/** Unpacked once on the cell, bind-mounted read-only at `to`. */
export interface CachedDependency {
  /** Shown in "Downloading NAME..."; empty is silent. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly cacheKey: string;
  readonly logSource: string;
  readonly checksum?: Checksum;
}

export interface SecurityGroupRule {
  readonly protocol: "tcp" | "udp" | "icmp" | "icmpv6" | "all";
  readonly destinations: readonly string[];
  readonly ports: readonly number[];
  readonly portRange?: { readonly start: number; readonly end: number };
  readonly icmpInfo?: { readonly type: number; readonly code: number };
  readonly log: boolean;
}

export type MetricTagValue =
  | { readonly static: string }
  | { readonly dynamic: "INDEX" | "INSTANCE_GUID" };
