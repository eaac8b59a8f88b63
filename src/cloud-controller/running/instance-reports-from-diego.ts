import type { BbsClient } from "#diego/bbs/client.ts";
import type { ActualLrp, ActualLrpNetInfo, ActualLrpState } from "#diego/models/actual-lrp.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { fromNanoseconds, type Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { StoredGauge, LogCacheClient } from "#log-cache/client.ts";
import { CfError } from "../http/cf-errors.ts";
import type {
  InstanceContainer,
  InstanceCounts,
  InstanceReports,
  InstanceStatsReport,
  InstanceUsage,
  ProcessInstance,
} from "../processes/instance-reports.ts";
import type { Process } from "../processes/process-table.ts";
import { lrpGuid } from "./desired-lrp.ts";
import { countInstances, reportInstances, type ReportedInstance } from "./instance-states.ts";

/** Gauges older than that tell nothing of now. */
const gaugeWindowMs = 120_000;

type Bbs = Pick<
  BbsClient,
  "actualLrpsByProcessGuids" | "actualLrpStates" | "desiredLrpByProcessGuid"
>;

/** Instances from the BBS, what they use from log-cache. */
export class InstanceReportsFromDiego implements InstanceReports {
  readonly #bbs: Bbs;
  readonly #logCache: Pick<LogCacheClient, "latestGauges">;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(options: {
    readonly bbs: Bbs;
    readonly logCache: Pick<LogCacheClient, "latestGauges">;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#bbs = options.bbs;
    this.#logCache = options.logCache;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  async stats(process: Process): Promise<InstanceStatsReport> {
    const reported = await this.#report(process);
    const gauges = await this.#gauges(process);
    const isolationSegment = await this.#segment(process);
    const stats = reported.map((instance) => ({
      index: instance.index,
      state: instance.state,
      routable: instance.lrp?.state === "RUNNING" ? instance.lrp.routable : null,
      uptime: instance.state === "DOWN" ? 0 : instance.seconds,
      details: instance.details,
      isolationSegment,
      container: containerOf(process, instance, gauges),
    }));
    const warnings = gauges === undefined ? ["Stats server temporarily unavailable."] : [];
    return { stats, warnings };
  }

  /** Where the instances were asked to run, which may be no longer where the space says. */
  async #segment(process: Process): Promise<string | null> {
    if (process.state !== "STARTED") return null;
    try {
      const desired = await this.#bbs.desiredLrpByProcessGuid(lrpGuid(process));
      return desired?.placementTags.at(0) ?? null;
    } catch (error) {
      if (!(error instanceof BbsError)) throw error;
      return null;
    }
  }

  async instances(
    processes: readonly Process[],
  ): Promise<ReadonlyMap<string, readonly ProcessInstance[]>> {
    const reports = await this.#reports(processes);
    return new Map([...reports].map(([guid, found]) => [guid, found.map(toProcessInstance)]));
  }

  async counts(processes: readonly Process[]): Promise<ReadonlyMap<string, InstanceCounts>> {
    const reports = await this.#reports(processes);
    return new Map([...reports].map(([guid, found]) => [guid, countInstances(found)]));
  }

  async #reports(
    processes: readonly Process[],
  ): Promise<ReadonlyMap<string, readonly ReportedInstance[]>> {
    const started = processes.filter(({ state }) => state === "STARTED");
    const guids = started.map(lrpGuid);
    const lrps = await grouped(guids, (asked) => this.#bbs.actualLrpStates(asked));
    const now = this.#clock.now();
    return new Map(
      processes.map(({ guid, version, instances }) => {
        const found = lrps.get(lrpGuid({ guid, version })) ?? [];
        return [guid, reportInstances(found, { instances, now })];
      }),
    );
  }

  async #report(process: Process): Promise<ReportedInstance<ActualLrp>[]> {
    const guid = lrpGuid(process);
    const lrps = await grouped([guid], (asked) => this.#bbs.actualLrpsByProcessGuids(asked));
    const desired = { instances: process.instances, now: this.#clock.now() };
    return reportInstances(lrps.get(guid) ?? [], desired);
  }

  /** The newest of each instance index; undefined where log-cache cannot be asked. */
  async #gauges(process: Process): Promise<ReadonlyMap<number, StoredGauge> | undefined> {
    try {
      const oldest = this.#clock.now().getTime() - gaugeWindowMs;
      const gauges = await this.#logCache.latestGauges(process.appGuid);
      return new Map(
        gauges
          .filter(({ tags }) => (tags["process_id"] ?? process.guid) === process.guid)
          .filter(({ timestamp }) => fromNanoseconds(timestamp).getTime() >= oldest)
          .map((gauge) => [Number(gauge.instanceId), gauge]),
      );
    } catch (error) {
      this.#logger.warn("gauges-not-read", { app: process.appGuid, error });
      return undefined;
    }
  }
}

/**
 * What `read` tells of these, by process guid.
 *
 * @throws `CfError` StatsUnavailable where the BBS cannot be reached
 */
async function grouped<Lrp extends ActualLrpState>(
  guids: readonly string[],
  read: (guids: readonly string[]) => Promise<readonly Lrp[]>,
): Promise<ReadonlyMap<string, readonly Lrp[]>> {
  if (guids.length === 0) return new Map();
  try {
    return Map.groupBy(await read(guids), ({ key }) => key.processGuid);
  } catch (error) {
    if (!(error instanceof BbsError)) throw error;
    const detail = "Stats unavailable: Stats server temporarily unavailable.";
    throw new CfError("StatsUnavailable", detail, { cause: error });
  }
}

function toProcessInstance({ index, state, seconds }: ReportedInstance): ProcessInstance {
  return { index, state, since: state === "DOWN" ? null : seconds };
}

function containerOf(
  process: Process,
  { index, state, lrp }: ReportedInstance<ActualLrp>,
  gauges: ReadonlyMap<number, StoredGauge> | undefined,
): InstanceContainer | undefined {
  if (state === "DOWN" || lrp === undefined) return undefined;
  const netInfo = lrp.state === "RUNNING" ? lrp.netInfo : undefined;
  const hasInstance = lrp.state === "RUNNING" || lrp.state === "CLAIMED";
  return {
    instanceGuid: hasInstance ? lrp.instanceKey.instanceGuid : "",
    host: netInfo?.address ?? "",
    instanceInternalIp: netInfo?.instanceAddress ?? "",
    ports: portsOf(netInfo),
    usage: gauges === undefined ? undefined : usageOf(gauges.get(index), { process, lrp }),
  };
}

function portsOf(netInfo: ActualLrpNetInfo | undefined) {
  return (netInfo?.ports ?? []).map(({ hostPort, containerPort }) => ({
    external: hostPort,
    internal: containerPort,
  }));
}

/** Zeros for an instance that has not told of itself yet, and the quotas that it will have. */
function usageOf(
  gauge: StoredGauge | undefined,
  { process, lrp }: { readonly process: Process; readonly lrp: ActualLrp },
): InstanceUsage {
  const value = (name: string): number | null => gauge?.metrics[name]?.value ?? null;
  const entitlement = value("cpu_entitlement");
  return {
    time: gauge === undefined ? lrp.since : fromNanoseconds(gauge.timestamp),
    cpu: (value("cpu") ?? 0) / 100,
    cpuEntitlement: entitlement === null ? null : entitlement / 100,
    memory: value("memory") ?? 0,
    disk: value("disk") ?? 0,
    logRate: value("log_rate") ?? 0,
    memoryQuota: value("memory_quota") ?? process.memoryInMb * 1024 ** 2,
    diskQuota: value("disk_quota") ?? process.diskInMb * 1024 ** 2,
    logRateLimit: value("log_rate_limit") ?? process.logRateLimitInBytesPerSecond,
  };
}
