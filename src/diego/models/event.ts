import type { ActualLrp, ActualLrpInstanceKey, ActualLrpKey } from "./actual-lrp.ts";
import type { DesiredLrp } from "./desired-lrp.ts";
import type { Task } from "./task.ts";

/** Events of `/v1/events/lrp_instances.r1`. No replay: subscribe, list, then apply what is newer than the listing. */
export type LrpEvent =
  | { readonly kind: "desired_lrp_created"; readonly desiredLrp: DesiredLrp }
  | {
      readonly kind: "desired_lrp_changed";
      readonly before: DesiredLrp;
      readonly after: DesiredLrp;
    }
  | { readonly kind: "desired_lrp_removed"; readonly desiredLrp: DesiredLrp }
  | { readonly kind: "actual_lrp_instance_created"; readonly actualLrp: ActualLrp }
  | {
      readonly kind: "actual_lrp_instance_changed";
      readonly before: ActualLrp;
      readonly after: ActualLrp;
    }
  | { readonly kind: "actual_lrp_instance_removed"; readonly actualLrp: ActualLrp }
  | {
      readonly kind: "actual_lrp_crashed";
      readonly key: ActualLrpKey;
      readonly instanceKey: ActualLrpInstanceKey;
      readonly crashCount: number;
      readonly crashReason: string;
      readonly since: Date;
    };

/** Events of `/v1/events/tasks.r1`. */
export type TaskEvent =
  | { readonly kind: "task_created"; readonly task: Task }
  | { readonly kind: "task_changed"; readonly before: Task; readonly after: Task }
  | { readonly kind: "task_removed"; readonly task: Task };
