import { instanceKeyOf } from "#diego/models/actual-lrp-codec.ts";
import type { LrpEvent, TaskEvent } from "#diego/models/event.ts";
import { EventsByCellIdSchema } from "#diego/models/proto/events_pb.js";
import type { EventHub, EventSubscription } from "../events/event-hub.ts";
import { parseRequest } from "./protobuf-route.ts";

/** `POST path`, answered with a stream of events that does not end. */
export interface EventRoute {
  readonly path: string;
  subscribe(body: Uint8Array): EventSubscription<{ readonly kind: string }>;
}

export function eventRoutes(
  lrpEvents: EventHub<LrpEvent>,
  taskEvents: EventHub<TaskEvent>,
): EventRoute[] {
  return [
    {
      path: "/v1/events/lrp_instances.r1",
      subscribe(body) {
        const { cellId } = parseRequest(EventsByCellIdSchema, body);
        return lrpEvents.subscribe((event) => cellId === "" || concernsCell(event, cellId));
      },
    },
    { path: "/v1/events/tasks.r1", subscribe: () => taskEvents.subscribe(() => true) },
  ];
}

/** Events of desired LRPs concern every cell. */
function concernsCell(event: LrpEvent, cellId: string): boolean {
  switch (event.kind) {
    case "desired_lrp_created":
    case "desired_lrp_changed":
    case "desired_lrp_removed":
      return true;
    case "actual_lrp_instance_created":
    case "actual_lrp_instance_removed":
      return instanceKeyOf(event.actualLrp)?.cellId === cellId;
    case "actual_lrp_instance_changed":
      return [event.before, event.after].some((lrp) => instanceKeyOf(lrp)?.cellId === cellId);
    case "actual_lrp_crashed":
      return event.instanceKey.cellId === cellId;
  }
}
