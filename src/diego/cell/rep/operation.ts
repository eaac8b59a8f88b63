import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import type { Task } from "#diego/models/task.ts";
import type { ContainerOutcome, ContainerStage } from "../executor/container.ts";

/**
 * What brings the bulletin board and a container in line: decided here, purely, from the row and the container's stage.
 * `row` is "unknown" where a container's event asks, and nobody has looked at the bulletin board.
 */
export type LrpOperation =
  | { readonly kind: "nothing" }
  /** Claim the row; with it run the container, without it destroy it. */
  | { readonly kind: "claim-and-run" }
  | { readonly kind: "claim" }
  /** Tell that it runs; refused, stop it. Also the heartbeat of one that has been running for long. */
  | { readonly kind: "start"; readonly stage: ContainerStage & { readonly state: "running" } }
  | { readonly kind: "crash"; readonly reason: string }
  /** Of a container that was stopped, or a row that has none. */
  | { readonly kind: "remove" }
  /** Make the container of a row again that this cell had before it was stopped. */
  | { readonly kind: "make-again" };

export interface LrpFacts {
  readonly row: ActualLrp | "unknown" | undefined;
  readonly stage: ContainerStage | undefined;
  readonly instanceGuid: string;
  /** The first look at the bulletin board since the cell has started. */
  readonly isRecovering: boolean;
}

export function lrpOperation({ row, stage, instanceGuid, isRecovering }: LrpFacts): LrpOperation {
  switch (stage?.state) {
    case undefined:
      return withoutContainer(row, isRecovering);
    case "reserved":
      return { kind: "claim-and-run" };
    case "initializing":
    case "created":
      // A row that is RUNNING already belongs to a container that the cell has found again: claiming it would take its
      // routes away until its health check has passed once more.
      return row === "unknown" || isHeldBy(row, instanceGuid)
        ? { kind: "nothing" }
        : { kind: "claim" };
    case "running":
      return { kind: "start", stage };
    case "completed":
      return stage.outcome.stopped
        ? { kind: "remove" }
        : { kind: "crash", reason: stage.outcome.failureReason };
  }
}

function withoutContainer(row: LrpFacts["row"], isRecovering: boolean): LrpOperation {
  if (row === undefined || row === "unknown" || row.presence === "EVACUATING") {
    return { kind: "nothing" };
  }
  return isRecovering ? { kind: "make-again" } : { kind: "remove" };
}

function isHeldBy(row: ActualLrp | undefined, instanceGuid: string): boolean {
  return (
    (row?.state === "CLAIMED" || row?.state === "RUNNING") &&
    row.instanceKey.instanceGuid === instanceGuid
  );
}

export type TaskOperation =
  | { readonly kind: "nothing" }
  /** Tell that it starts; refused, destroy the container. */
  | { readonly kind: "start-and-run" }
  | { readonly kind: "complete"; readonly outcome: ContainerOutcome }
  /** It never began: the auctioneer may try again. */
  | { readonly kind: "reject"; readonly reason: string }
  /** It was cancelled: the bulletin board knows. */
  | { readonly kind: "destroy" }
  | { readonly kind: "fail-lost"; readonly reason: string };

export interface TaskFacts {
  readonly row: Task | "unknown" | undefined;
  readonly stage: ContainerStage | undefined;
  readonly isRecovering: boolean;
}

export function taskOperation({ row, stage, isRecovering }: TaskFacts): TaskOperation {
  switch (stage?.state) {
    case undefined:
      if (row === undefined || row === "unknown" || row.state !== "RUNNING") {
        return { kind: "nothing" };
      }
      return {
        kind: "fail-lost",
        reason: isRecovering
          ? "cell restarted while the task was running"
          : "task container does not exist",
      };
    case "reserved":
      return { kind: "start-and-run" };
    case "initializing":
    case "created":
    case "running":
      return { kind: "nothing" };
    case "completed":
      return taskEnd(stage.outcome);
  }
}

function taskEnd(outcome: ContainerOutcome): TaskOperation {
  if (outcome.stopped) return { kind: "destroy" };
  if (outcome.failed && outcome.retryable) return { kind: "reject", reason: outcome.failureReason };
  return { kind: "complete", outcome };
}
