import type { ActualLrpState } from "#diego/models/actual-lrp.ts";
import type { InstanceCounts, InstanceState } from "../processes/instance-reports.ts";

/** One instance of a process as its users see it. */
export interface ReportedInstance<Lrp extends ActualLrpState = ActualLrpState> {
  readonly index: number;
  readonly state: InstanceState;
  /** Whole seconds in that state; 0 for an instance of which nothing is known. */
  readonly seconds: number;
  readonly details: string | null;
  readonly lrp: Lrp | undefined;
}

/**
 * One entry for each desired index, so that the list is never empty while instances are desired: an empty one means
 * success to the official client. Of two LRPs of one index the later counts. An index of which the BBS knows nothing
 * is DOWN, as in the original.
 */
export function reportInstances<Lrp extends ActualLrpState>(
  lrps: readonly Lrp[],
  desired: { readonly instances: number; readonly now: Date },
): ReportedInstance<Lrp>[] {
  const newest = new Map<number, Lrp>();
  for (const lrp of lrps) {
    const known = newest.get(lrp.key.index);
    if (known === undefined || known.since < lrp.since) newest.set(lrp.key.index, lrp);
  }
  return Array.from({ length: desired.instances }, (_, index) => {
    const lrp = newest.get(index);
    if (lrp === undefined) return { index, state: "DOWN", seconds: 0, details: null, lrp };
    const elapsedMs = desired.now.getTime() - lrp.since.getTime();
    return {
      index,
      state: stateOf(lrp),
      seconds: Math.max(0, Math.floor(elapsedMs / 1000)),
      details: detailsOf(lrp),
      lrp,
    };
  });
}

export function countInstances(reported: readonly ReportedInstance[]): InstanceCounts {
  const running = reported.filter(({ state }) => state === "RUNNING");
  const routable = running.filter(({ lrp }) => lrp?.state === "RUNNING" && lrp.routable);
  const starting = reported.filter(({ state }) => state === "STARTING");
  return {
    routable: routable.length,
    starting: starting.length + running.length - routable.length,
    unhealthy: reported.length - running.length - starting.length,
    running: running.length,
  };
}

function stateOf(lrp: ActualLrpState): InstanceState {
  switch (lrp.state) {
    case "RUNNING":
      return "RUNNING";
    case "CLAIMED":
      return "STARTING";
    case "UNCLAIMED":
      return lrp.placementError === "" ? "STARTING" : "DOWN";
    case "CRASHED":
      return "CRASHED";
  }
}

function detailsOf(lrp: ActualLrpState): string | null {
  if (lrp.state === "UNCLAIMED") return lrp.placementError || null;
  return null;
}
