import type { ActualLrp, RunningLrp } from "#diego/models/actual-lrp.ts";
import type { DesiredLrp } from "#diego/models/desired-lrp.ts";
import type { LrpEvent } from "#diego/models/event.ts";
import type { ModificationTag } from "#diego/models/modification-tag.ts";
import type { RouteRegistration } from "#router/client.ts";
import { parseCfRouter, type CfRoute } from "./cf-router.ts";
import { registrationsOf } from "./registrations.ts";

/** What of a DesiredLRP decides its routes, and what the router is told about their instances. */
export type DesiredRoutes = Pick<
  DesiredLrp,
  "processGuid" | "domain" | "logGuid" | "instances" | "routes" | "metricTags" | "modificationTag"
>;

/** As scheduling infos have it. */
export type ListedRoutes = Omit<DesiredRoutes, "metricTags">;

/** What the BBS lists in one sync. */
export interface RoutingSnapshot {
  readonly desired: readonly DesiredRoutes[];
  readonly actual: readonly ActualLrp[];
  readonly freshDomains: readonly string[];
}

interface Process {
  desired: (DesiredRoutes & { readonly cfRoutes: readonly CfRoute[] }) | undefined;
  /** By instance guid: while an instance is being evacuated, an index has two. */
  readonly instances: Map<string, RunningLrp>;
}

/**
 * Who should be reachable where, by what the BBS says: the routes of each DesiredLRP and those of its instances that
 * are RUNNING and routable. Events may come late or twice: one that is older than what is known is ignored.
 */
export class RoutingTable {
  #processes = new Map<string, Process>();

  /** The process that the event is about, where its routes may have changed. */
  apply(event: LrpEvent): string | undefined {
    switch (event.kind) {
      case "desired_lrp_created":
        return this.#desire(event.desiredLrp);
      case "desired_lrp_changed":
        return this.#desire(event.after);
      case "desired_lrp_removed":
        return this.#undesire(event.desiredLrp);
      case "actual_lrp_instance_created":
        return this.#see(event.actualLrp);
      case "actual_lrp_instance_changed":
        return this.#replace(event.before, event.after);
      case "actual_lrp_instance_removed":
        return this.#lose(event.actualLrp);
      case "actual_lrp_crashed":
        // The change to CRASHED, or the removal, comes as an event of its own.
        return undefined;
    }
  }

  /**
   * Takes a listing as the truth, except that what it lacks of a domain that is not fresh stays: its owner has not
   * said that this is all. Gives the processes that were or are known.
   */
  sync(snapshot: RoutingSnapshot): string[] {
    const before = this.#processes;
    const fresh = new Set(snapshot.freshDomains);
    this.#processes = new Map();
    for (const desired of snapshot.desired) this.#desire(desired);
    for (const lrp of snapshot.actual) this.#see(lrp);
    for (const [processGuid, { desired, instances }] of before) {
      const now = this.#processes.get(processGuid);
      if (desired !== undefined && now?.desired === undefined && !fresh.has(desired.domain)) {
        this.#process(processGuid).desired = desired;
      }
      for (const [instanceGuid, lrp] of instances) {
        if (fresh.has(lrp.key.domain) || now?.instances.has(instanceGuid) === true) continue;
        this.#process(processGuid).instances.set(instanceGuid, lrp);
      }
    }
    return [...new Set([...before.keys(), ...this.#processes.keys()])];
  }

  /** The same with its metric tags, where these were heard of before. */
  completed(listed: ListedRoutes): DesiredRoutes | undefined {
    const known = this.#processes.get(listed.processGuid)?.desired;
    if (known === undefined || !isSame(known.modificationTag, listed.modificationTag)) {
      return undefined;
    }
    return { ...listed, metricTags: known.metricTags };
  }

  processGuids(): string[] {
    return [...this.#processes.keys()];
  }

  registrationsOf(processGuid: string): RouteRegistration[] {
    const process = this.#processes.get(processGuid);
    if (process?.desired === undefined) return [];
    return registrationsOf(process.desired, [...process.instances.values()]);
  }

  #process(processGuid: string): Process {
    const known = this.#processes.get(processGuid);
    if (known !== undefined) return known;
    const process: Process = { desired: undefined, instances: new Map() };
    this.#processes.set(processGuid, process);
    return process;
  }

  #desire(desired: DesiredRoutes): string | undefined {
    const process = this.#process(desired.processGuid);
    if (isOlder(desired.modificationTag, process.desired?.modificationTag)) return undefined;
    const { processGuid, domain, logGuid, instances, routes, metricTags, modificationTag } =
      desired;
    process.desired = {
      processGuid,
      domain,
      logGuid,
      instances,
      routes,
      metricTags,
      modificationTag,
      cfRoutes: parseCfRouter(routes),
    };
    return processGuid;
  }

  #undesire(desired: DesiredRoutes): string | undefined {
    const process = this.#processes.get(desired.processGuid);
    if (process === undefined) return undefined;
    if (isOlder(desired.modificationTag, process.desired?.modificationTag)) return undefined;
    process.desired = undefined;
    return this.#forgetIfEmpty(desired.processGuid);
  }

  #see(lrp: ActualLrp): string | undefined {
    if (lrp.state !== "RUNNING") return undefined;
    const { instances } = this.#process(lrp.key.processGuid);
    const { instanceGuid } = lrp.instanceKey;
    const known = instances.get(instanceGuid);
    if (isOlder(lrp.modificationTag, known?.modificationTag)) return undefined;
    instances.set(instanceGuid, lrp);
    return lrp.key.processGuid;
  }

  #replace(before: ActualLrp, after: ActualLrp): string | undefined {
    if (after.state === "RUNNING") {
      const known = this.#see(after);
      if (
        "instanceKey" in before &&
        before.instanceKey.instanceGuid === after.instanceKey.instanceGuid
      ) {
        return known;
      }
    }
    return this.#lose(before, after.modificationTag) ?? after.key.processGuid;
  }

  #lose(lrp: ActualLrp, tag: ModificationTag = lrp.modificationTag): string | undefined {
    if (!("instanceKey" in lrp)) return undefined;
    const { processGuid } = lrp.key;
    const instances = this.#processes.get(processGuid)?.instances;
    const known = instances?.get(lrp.instanceKey.instanceGuid);
    if (known === undefined || isOlder(tag, known.modificationTag)) return undefined;
    instances?.delete(lrp.instanceKey.instanceGuid);
    return this.#forgetIfEmpty(processGuid);
  }

  #forgetIfEmpty(processGuid: string): string {
    const process = this.#processes.get(processGuid);
    if (process?.desired === undefined && process?.instances.size === 0) {
      this.#processes.delete(processGuid);
    }
    return processGuid;
  }
}

/** Within one epoch the lower index is older; another epoch supersedes. */
function isOlder(tag: ModificationTag, known: ModificationTag | undefined): boolean {
  return known !== undefined && tag.epoch === known.epoch && tag.index < known.index;
}

function isSame(a: ModificationTag, b: ModificationTag): boolean {
  return a.epoch === b.epoch && a.index === b.index;
}
