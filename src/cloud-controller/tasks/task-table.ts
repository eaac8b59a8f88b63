import type { Selectable } from "kysely";
import type { RecordColumns } from "../database/record.ts";

/**
 * PENDING (stored, Diego not yet told) -> RUNNING (Diego has accepted it) -> SUCCEEDED | FAILED. A cancel makes it
 * CANCELING until Diego's callback makes that FAILED. SUCCEEDED and FAILED are final.
 */
export type TaskState = "PENDING" | "RUNNING" | "CANCELING" | "SUCCEEDED" | "FAILED";

export const liveStates = ["PENDING", "RUNNING", "CANCELING"] as const satisfies TaskState[];

export interface TaskTable extends RecordColumns {
  readonly appGuid: string;
  /** Kept after the droplet has gone, so no foreign key. */
  readonly dropletGuid: string;
  /** Per app, from 1, never given twice. */
  readonly sequenceId: number;
  readonly name: string;
  readonly command: string;
  /** Null: vcap. */
  readonly user: string | null;
  readonly state: TaskState;
  readonly memoryInMb: number;
  readonly diskInMb: number;
  readonly logRateLimitInBytesPerSecond: number;
  readonly failureReason: string | null;
}

export type Task = Selectable<TaskTable>;

/** The last number that an app's tasks were given; it outlives them. */
export interface TaskSequenceTable {
  readonly appGuid: string;
  readonly last: number;
}

export function isFinal(state: TaskState): boolean {
  return state === "SUCCEEDED" || state === "FAILED";
}
