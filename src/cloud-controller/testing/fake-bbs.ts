import type { BbsClient } from "#diego/bbs/client.ts";
import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { CellPresence } from "#diego/models/cell-presence.ts";
import type { DesiredLrp } from "#diego/models/desired-lrp.ts";
import type { LrpEvent } from "#diego/models/event.ts";
import type { Task } from "#diego/models/task.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";

/** The part of the BBS that Cloud Controller uses, in memory and without cells: a test plays those. */
export class FakeBbs implements Partial<BbsClient> {
  readonly taskMap = new Map<string, Task>();
  readonly desired = new Map<string, DesiredLrp>();
  readonly actual: ActualLrp[] = [];
  presences: CellPresence[] = [];
  readonly freshDomains = new Map<string, number>();
  /** What was called to change something, in order. */
  readonly calls: string[] = [];
  /** While set, every call rejects with it. */
  outage: BbsError | undefined;
  readonly #subscribers = new Set<(event: LrpEvent) => void>();

  desireTask: BbsClient["desireTask"] = async ({ definition, taskGuid, domain }) => {
    this.#call(`desireTask ${taskGuid}`);
    const now = systemClock.now();
    this.taskMap.set(taskGuid, {
      definition,
      taskGuid,
      domain,
      createdAt: now,
      updatedAt: now,
      firstCompletedAt: undefined,
      state: "PENDING",
      cellId: "",
      result: "",
      failed: false,
      failureReason: "",
      rejectionCount: 0,
      rejectionReason: "",
    });
  };

  cells: BbsClient["cells"] = async () => {
    this.#refuseInOutage();
    return this.presences;
  };

  tasks: BbsClient["tasks"] = async (filter = {}) => {
    this.#refuseInOutage();
    const all = [...this.taskMap.values()];
    return all.filter(({ domain }) => domain === (filter.domain ?? domain));
  };

  taskByGuid: BbsClient["taskByGuid"] = async (guid) => this.taskMap.get(guid);

  cancelTask: BbsClient["cancelTask"] = async (guid) => {
    this.#call(`cancelTask ${guid}`);
    this.taskMap.delete(guid);
  };

  desireLrp: BbsClient["desireLrp"] = async (lrp) => {
    this.#call(`desireLrp ${lrp.processGuid}`);
    if (this.desired.has(lrp.processGuid)) throw new BbsError("ResourceExists", "exists");
    this.desired.set(lrp.processGuid, { ...lrp, modificationTag: { epoch: "e", index: 0 } });
  };

  updateDesiredLrp: BbsClient["updateDesiredLrp"] = async (guid, update) => {
    this.#call(`updateDesiredLrp ${guid}`);
    const lrp = this.desired.get(guid);
    if (lrp === undefined) throw new BbsError("ResourceNotFound", "no such LRP");
    this.desired.set(guid, { ...lrp, ...update });
  };

  removeDesiredLrp: BbsClient["removeDesiredLrp"] = async (guid) => {
    this.#call(`removeDesiredLrp ${guid}`);
    if (!this.desired.delete(guid)) throw new BbsError("ResourceNotFound", "no such LRP");
  };

  desiredLrpByProcessGuid: BbsClient["desiredLrpByProcessGuid"] = async (guid) => {
    this.#refuseInOutage();
    return this.desired.get(guid);
  };

  desiredLrpSchedulingInfos: BbsClient["desiredLrpSchedulingInfos"] = async () => {
    this.#refuseInOutage();
    return [...this.desired.values()];
  };

  actualLrps: BbsClient["actualLrps"] = async (filter = {}) =>
    this.actual.filter(
      ({ key }) => key.processGuid === filter.processGuid && key.index === filter.index,
    );

  actualLrpsByProcessGuids: BbsClient["actualLrpsByProcessGuids"] = async (guids) => {
    this.#refuseInOutage();
    return this.actual.filter(({ key }) => guids.includes(key.processGuid));
  };

  actualLrpStates: BbsClient["actualLrpStates"] = (guids) => this.actualLrpsByProcessGuids(guids);

  retireActualLrp: BbsClient["retireActualLrp"] = async (key) => {
    this.#call(`retireActualLrp ${key.processGuid} ${key.index}`);
  };

  upsertDomain: BbsClient["upsertDomain"] = async (domain, ttlSeconds) => {
    this.#call(`upsertDomain ${domain}`);
    this.freshDomains.set(domain, ttlSeconds);
  };

  subscribeToLrpEvents: BbsClient["subscribeToLrpEvents"] = async (signal) => {
    const queue: LrpEvent[] = [];
    let wake = () => {};
    const subscriber = (event: LrpEvent) => {
      queue.push(event);
      wake();
    };
    this.#subscribers.add(subscriber);
    signal.addEventListener("abort", () => wake(), { once: true });
    const subscribers = this.#subscribers;
    return (async function* () {
      try {
        while (!signal.aborted) {
          const event = queue.shift();
          if (event === undefined) {
            await new Promise<void>((resolve) => (wake = resolve));
          } else yield event;
        }
      } finally {
        subscribers.delete(subscriber);
      }
    })();
  };

  emit(event: LrpEvent): void {
    for (const subscriber of this.#subscribers) subscriber(event);
  }

  #call(what: string): void {
    this.#refuseInOutage();
    this.calls.push(what);
  }

  #refuseInOutage(): void {
    if (this.outage !== undefined) throw this.outage;
  }
}
