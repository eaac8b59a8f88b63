import { existsSync, readdirSync, renameSync } from "node:fs";
import path from "node:path";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { randomGuids } from "#kernel/guid.ts";
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

/** Puts a container's folder where `emptyTrash` finds it: from here on its handle is free. */
export function discardFolder(host: CellHost, dir: string): void {
  renameSync(dir, path.join(host.dataDir, "trash", randomGuids()));
}

/**
 * Unmounts and removes what tenants wrote; `rm` stands trees deeper than any path name, follows no link, leaves no file
 * system. Nobody waits for it, least of all the next container: a staging leaves many thousands of files.
 */
export async function emptyTrash({ dataDir, spawner }: CellHost): Promise<void> {
  const folder = path.join(dataDir, "trash");
  const run = async (command: string, ...args: readonly string[]) => {
    await spawner.run(command, args, { timeoutMs: 600_000 });
  };
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names) {
    const tree = path.join(folder, name);
    // An ordinary user cannot enter what is closed, though it is its own: overlay's work folder is.
    if (process.getuid?.() !== 0) await run("chmod", "-R", "u+rwX", "--", tree);
    await run("nice", "-n", "19", "sh", "-c", removeScript, "sh", tree);
  }
}

// What an earlier run of the cell mounted, in a mount namespace of its own, is not to be seen here: with the removal of its
// mount point it goes away there.
const removeScript = `umount -l "$1/rootfs" "$1/disk" "$1"/snapshots/*/rootfs 2>/dev/null
exec rm -rf --one-file-system -- "$1"`;

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
