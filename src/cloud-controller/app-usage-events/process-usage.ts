import type { Process } from "../processes/process-table.ts";

export type ProcessUse = Pick<Process, "state" | "instances" | "memoryInMb">;

/**
 * What the change of a process says to who bills: its start and stop, and while it is started every change of its
 * memory or number of instances. Undefined: nothing. `after` is absent for one that goes; a new
 * one is stopped.
 */
export function processUsage(
  before: ProcessUse,
  after: ProcessUse | undefined,
): "STARTED" | "STOPPED" | undefined {
  const isStarted = after?.state === "STARTED";
  if ((before.state === "STARTED") !== isStarted) return isStarted ? "STARTED" : "STOPPED";
  if (!isStarted) return undefined;
  const isSame = before.memoryInMb === after.memoryInMb && before.instances === after.instances;
  return isSame ? undefined : "STARTED";
}
