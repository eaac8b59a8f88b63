import { existsSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import path from "node:path";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { randomGuids } from "#kernel/guid.ts";
import { runCommand } from "#kernel/process/run-command.ts";
import { killAndRemoveCgroup } from "../cgroup/remove-cgroup.ts";
import { signalProcess } from "../host/process-identity.ts";
import type { CellHost } from "./cell-host.ts";
import { type ContainerRecord, readRecord } from "./container-record.ts";
import { OciCommand } from "./oci-command.ts";
import { endSupervisors, type OciProcess } from "./oci-process.ts";

const verdictMs = 2000;

/**
 * Ends a container, however far it came: whatever the runtime believes, no process of its control group lives and no
 * mount, control group or folder of it is left. Its processes' exits are known before it is gone.
 * Its files go to `trash/`, for `emptyTrash`.
 */
export async function destroyContainer(options: {
  readonly host: CellHost;
  readonly dir: string;
  readonly processes: readonly OciProcess[];
}): Promise<void> {
  const { host, dir, processes } = options;
  if (!existsSync(dir)) return;
  const record = readRecord(dir);
  // After a restart of the machine all numbers speak of others.
  if (record?.bootId === host.bootId) {
    // The init's end takes every process of its pid namespace along.
    if (record.init !== undefined) signalProcess(record.init, "SIGKILL");
    await awaitExits(host, processes);
    endSupervisors(path.join(dir, "processes"));
    await killAndRemoveCgroup(host.cgroups, record.cgroup, host.clock);
    await new OciCommand(record.runtime, stateDirOf(host, record)).delete(record.handle);
  }
  if (record !== undefined) {
    // Whatever the runtime made of its own notes, cut short or not.
    rmSync(path.join(stateDirOf(host, record), record.handle), { recursive: true, force: true });
  }
  await unmount(path.join(dir, "rootfs"));
  const trash = path.join(host.dataDir, "trash", randomGuids());
  renameSync(dir, trash);
}

/** Removes what tenants wrote; `rm` stands trees deeper than any path name, follows no link, leaves no file system. */
export async function emptyTrash(folder: string): Promise<void> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names) {
    await runCommand("rm", ["-rf", "--one-file-system", "--", path.join(folder, name)], {
      timeoutMs: 600_000,
    });
  }
}

function stateDirOf(host: CellHost, record: ContainerRecord): string {
  return path.join(host.dataDir, "state", record.runtime);
}

async function awaitExits(host: CellHost, processes: readonly OciProcess[]): Promise<void> {
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

async function unmount(rootfs: string): Promise<void> {
  // Fails where an earlier run of the cell mounted it, in a mount namespace of its own: removing the mount point takes
  // the mount away there.
  await runCommand("umount", ["-l", rootfs], { timeoutMs: 10_000 });
  if (existsSync(rootfs)) rmdirSync(rootfs);
}
