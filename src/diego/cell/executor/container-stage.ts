import type { LogData } from "#kernel/log/logger.ts";
import type { ContainerOutcome, ContainerStage, ContainerState } from "./container.ts";

const order: readonly ContainerState[] = [
  "reserved",
  "initializing",
  "created",
  "running",
  "completed",
];

/** The stage after an event; the old one where the event comes too late. Running may repeat, with another readiness. */
export function advance(from: ContainerStage, to: ContainerStage): ContainerStage {
  if (from.state === "completed") return from;
  const forward = order.indexOf(to.state) > order.indexOf(from.state);
  return forward || (from.state === "running" && to.state === "running") ? to : from;
}

export function failedOutcome(
  failureReason: string,
  options: { readonly retryable?: boolean } = {},
): ContainerOutcome {
  return {
    failed: true,
    failureReason: truncated(failureReason),
    stopped: false,
    retryable: options.retryable ?? false,
    result: "",
  };
}

export function stoppedOutcome(): ContainerOutcome {
  return { failed: true, failureReason: "", stopped: true, retryable: false, result: "" };
}

export function successfulOutcome(result: string): ContainerOutcome {
  return { failed: false, failureReason: "", stopped: false, retryable: false, result };
}

/** The BBS keeps 1,024 characters. */
function truncated(reason: string): string {
  const mark = "(truncated)";
  return reason.length <= 1024 ? reason : `${reason.slice(0, 1024 - mark.length)}${mark}`;
}

/** For the platform's log: how it ended. */
export function outcomeOf(stage: ContainerStage): LogData {
  if (stage.state !== "completed") return {};
  const { failed, stopped, failureReason } = stage.outcome;
  return { failed, stopped, failureReason };
}
