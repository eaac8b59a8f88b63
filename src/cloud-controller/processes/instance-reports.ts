import type { Process } from "./process-table.ts";

/** What Diego and log-cache tell of a process's instances (`running/` implements it). */
export interface InstanceReports {
  /**
   * One entry for each desired index, in order; never empty while instances are desired.
   *
   * @throws `CfError` StatsUnavailable where the BBS cannot be reached
   */
  stats(process: Process): Promise<InstanceStatsReport>;
  /** For many processes in one question: `embed=process_instances`. */
  instances(
    processes: readonly Process[],
  ): Promise<ReadonlyMap<string, readonly ProcessInstance[]>>;
  /**
   * How the instances of each process are, for deciding; in one question to the BBS.
   *
   * @throws `CfError` StatsUnavailable where the BBS cannot be reached
   */
  counts(processes: readonly Process[]): Promise<ReadonlyMap<string, InstanceCounts>>;
}

/** Each desired instance is one of routable, starting and unhealthy. */
export interface InstanceCounts {
  /** RUNNING, and in the router's pool by its readiness check. */
  readonly routable: number;
  /** STARTING, or RUNNING and not ready yet. */
  readonly starting: number;
  /** CRASHED, DOWN, STOPPING. */
  readonly unhealthy: number;
  /** RUNNING, ready or not. */
  readonly running: number;
}

export interface InstanceStatsReport {
  readonly stats: readonly InstanceStats[];
  /** For `X-Cf-Warnings`: what could not be had. */
  readonly warnings: readonly string[];
}

export type InstanceState = "RUNNING" | "STARTING" | "CRASHED" | "DOWN" | "STOPPING";

export interface ProcessInstance {
  readonly index: number;
  readonly state: InstanceState;
  /** Seconds in that state; null when DOWN. */
  readonly since: number | null;
}

export interface InstanceStats {
  readonly index: number;
  readonly state: InstanceState;
  readonly routable: boolean | null;
  /** Seconds. */
  readonly uptime: number;
  readonly details: string | null;
  /** Its name; null for the shared one. */
  readonly isolationSegment: string | null;
  /** Absent while DOWN: there is no container to tell of. */
  readonly container: InstanceContainer | undefined;
}

export interface InstanceContainer {
  readonly instanceGuid: string;
  readonly host: string;
  readonly instanceInternalIp: string;
  readonly ports: readonly { readonly external: number; readonly internal: number }[];
  /** Undefined where log-cache could not be asked. */
  readonly usage: InstanceUsage | undefined;
}

export interface InstanceUsage {
  readonly time: Date;
  /** 1 is one whole core. */
  readonly cpu: number;
  readonly cpuEntitlement: number | null;
  /** Bytes. */
  readonly memory: number;
  readonly disk: number;
  readonly logRate: number;
  readonly memoryQuota: number | null;
  readonly diskQuota: number | null;
  readonly logRateLimit: number | null;
}
