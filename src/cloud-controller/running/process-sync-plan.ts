import type { Routes } from "#diego/models/desired-lrp.ts";

/** A process as it ought to be in Diego. */
export interface WantedLrp {
  /** `<process guid>-<version>`. */
  readonly lrpGuid: string;
  readonly annotation: string;
  readonly instances: number;
  readonly routes: Routes;
}

/** One as the BBS has it. */
export type PresentLrp = WantedLrp;

export interface ProcessSyncPlan {
  readonly toDesire: readonly string[];
  readonly toUpdate: readonly string[];
  readonly toRemove: readonly string[];
}

/**
 * What brings the BBS to what is stored. The original compares annotations alone; routes and instances are compared
 * too, so that an update that was lost on the way is made good.
 */
export function planProcessSync(facts: {
  readonly wanted: readonly WantedLrp[];
  readonly present: readonly PresentLrp[];
}): ProcessSyncPlan {
  const present = new Map(facts.present.map((lrp) => [lrp.lrpGuid, lrp]));
  const wanted = new Set(facts.wanted.map(({ lrpGuid }) => lrpGuid));
  return {
    toDesire: facts.wanted
      .filter(({ lrpGuid }) => !present.has(lrpGuid))
      .map(({ lrpGuid }) => lrpGuid),
    toUpdate: facts.wanted
      .filter((lrp) => {
        const found = present.get(lrp.lrpGuid);
        return found !== undefined && isDifferent(lrp, found);
      })
      .map(({ lrpGuid }) => lrpGuid),
    toRemove: facts.present
      .filter(({ lrpGuid }) => !wanted.has(lrpGuid))
      .map(({ lrpGuid }) => lrpGuid),
  };
}

export function isEmptyPlan(plan: ProcessSyncPlan): boolean {
  return plan.toDesire.length + plan.toUpdate.length + plan.toRemove.length === 0;
}

function isDifferent(wanted: WantedLrp, present: PresentLrp): boolean {
  return (
    wanted.annotation !== present.annotation ||
    wanted.instances !== present.instances ||
    Object.entries(wanted.routes).some(([key, value]) => present.routes[key] !== value)
  );
}
