import { existsSync, rmdirSync, rmSync } from "node:fs";
import path from "node:path";
import { runCommand } from "#kernel/process/run-command.ts";
import type { CgroupLayout } from "../cgroup/cgroup-files.ts";
import { killAndRemoveCgroup } from "../cgroup/remove-cgroup.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import { readRecord } from "../supervised/container-record.ts";
import { discardFolder, endProcesses } from "../supervised/end-container.ts";
import type { SupervisedProcess } from "../supervised/supervised-process.ts";
import { OciCommand } from "./oci-command.ts";
import { type OciRecord, ociRecord } from "./oci-record.ts";

/**
 * Ends a container, however far it came: whatever the runtime believes, no process of its control group lives and no
 * mount, control group or folder of it is left. Its processes' exits are known before it is gone.
 */
export async function destroyContainer(options: {
  readonly host: CellHost;
  readonly cgroups: CgroupLayout;
  readonly dir: string;
  readonly processes: readonly SupervisedProcess[];
}): Promise<void> {
  const { host, cgroups, dir, processes } = options;
  if (!existsSync(dir)) return;
  const record = readRecord(dir, ociRecord);
  // After a restart of the machine all numbers speak of others.
  if (record?.bootId === host.bootId) {
    await endProcesses({ host, dir, record, processes });
    await killAndRemoveCgroup(cgroups, record.cgroup, host.clock);
    await new OciCommand(record.runtime, stateDirOf(host, record)).delete(record.handle);
  }
  if (record !== undefined) {
    // Whatever the runtime made of its own notes, cut short or not.
    rmSync(path.join(stateDirOf(host, record), record.handle), { recursive: true, force: true });
  }
  await unmount(path.join(dir, "rootfs"));
  discardFolder(host, dir);
}

function stateDirOf(host: CellHost, record: OciRecord): string {
  return path.join(host.dataDir, "state", record.runtime);
}

async function unmount(rootfs: string): Promise<void> {
  // Fails where an earlier run of the cell mounted it, in a mount namespace of its own: removing the mount point takes
  // the mount away there.
  await runCommand("umount", ["-l", rootfs], { timeoutMs: 10_000 });
  if (existsSync(rootfs)) rmdirSync(rootfs);
}
