import type { Process } from "../processes/process-table.ts";
import type { SidecarDefinition } from "./sidecar-table.ts";

type SizedProcess = Pick<Process, "type" | "memoryInMb">;

/** What of a process's memory is its sidecars', in MB. */
export function sidecarMemoryInMb(
  sidecars: readonly Pick<SidecarDefinition, "processTypes" | "memoryInMb">[],
  processType: string,
): number {
  return sidecars
    .filter(({ processTypes }) => processTypes.includes(processType))
    .reduce((sum, { memoryInMb }) => sum + (memoryInMb ?? 0), 0);
}

/** The first process of which the sidecars would leave nothing to the app itself. */
export function overcommitted(
  processes: readonly SizedProcess[],
  sidecars: readonly Pick<SidecarDefinition, "processTypes" | "memoryInMb">[],
): SizedProcess | undefined {
  return processes.find((process) => {
    const taken = sidecarMemoryInMb(sidecars, process.type);
    return taken > 0 && taken >= process.memoryInMb;
  });
}
