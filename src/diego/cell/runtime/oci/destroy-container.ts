import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import type { CgroupLayout } from "../cgroup/cgroup-files.ts";
import { killAndRemoveCgroup } from "../cgroup/remove-cgroup.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import { readRecord } from "../supervised/container-record.ts";
import { endProcesses } from "../supervised/end-container.ts";
import type { SupervisedProcess } from "../supervised/supervised-process.ts";
import { discardFolder } from "../supervised/trash.ts";
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
    // One that came up has nothing now but the runtime's notes; of one that did not, the runtime may know more.
    if (record.init === undefined) {
      await new OciCommand(record.runtime, stateDirOf(host, record)).delete(record.handle);
    }
  }
  if (record !== undefined) {
    // Whatever the runtime made of its own notes, cut short or not.
    rmSync(path.join(stateDirOf(host, record), record.handle), { recursive: true, force: true });
  }
  discardFolder(host, dir);
}

function stateDirOf(host: CellHost, record: OciRecord): string {
  return path.join(host.dataDir, "state", record.runtime);
}
