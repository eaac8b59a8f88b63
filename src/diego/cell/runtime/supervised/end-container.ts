import path from "node:path";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { signalProcess } from "../host/process-identity.ts";
import type { CellHost } from "./cell-host.ts";
import type { ContainerRecord } from "./container-record.ts";
import { endSupervisors, type SupervisedProcess } from "./supervised-process.ts";

const verdictMs = 2000;

/** Ends what runs in a container, and its supervisors once they have said how it ended. */
export async function endProcesses(options: {
  readonly host: CellHost;
  readonly dir: string;
  readonly record: ContainerRecord;
  readonly processes: readonly SupervisedProcess[];
}): Promise<void> {
  const { host, dir, record, processes } = options;
  // The init's end takes every process of its pid namespace along.
  if (record.init !== undefined) signalProcess(record.init, "SIGKILL");
  await awaitExits(host, processes);
  endSupervisors(path.join(dir, "processes"));
}

async function awaitExits(host: CellHost, processes: readonly SupervisedProcess[]): Promise<void> {
  const exits = Promise.allSettled(processes.map((process) => process.exited));
  try {
    await withDeadline({ clock: host.clock, ms: verdictMs }, async (signal) => {
      await Promise.race([
        exits,
        new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        }),
      ]);
    });
  } catch {
    // A stuck supervisor must not keep the container.
    host.logger.warn("process-exit-unknown", { processes: processes.map(({ id }) => id) });
  }
}
