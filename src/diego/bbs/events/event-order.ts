import type { LrpEvent } from "#diego/models/event.ts";

/**
 * The order in which the events of one request are told: crashes, then what carries a RUNNING instance, then all else.
 * So a router never sees an index without a routable instance while there is one.
 */
export function inEmissionOrder(events: readonly LrpEvent[]): LrpEvent[] {
  return events.toSorted((a, b) => rank(a) - rank(b));
}

function rank(event: LrpEvent): number {
  switch (event.kind) {
    case "actual_lrp_crashed":
      return 0;
    case "actual_lrp_instance_created":
      return event.actualLrp.state === "RUNNING" ? 1 : 2;
    case "actual_lrp_instance_changed":
      return event.after.state === "RUNNING" ? 1 : 2;
    case "actual_lrp_instance_removed":
    case "desired_lrp_created":
    case "desired_lrp_changed":
    case "desired_lrp_removed":
      return 2;
  }
}
