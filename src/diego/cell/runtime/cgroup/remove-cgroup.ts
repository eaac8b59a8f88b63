import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { Clock } from "#kernel/clock/clock.ts";
import type { CgroupLayout } from "./cgroup-files.ts";

const attempts = 100;
const pauseMs = 20;

/** Folders of a container's cgroup, one in each tree of the machine. */
function cgroupFolders(layout: CgroupLayout, cgroup: string): string[] {
  if (layout.version === 2) return [path.join(layout.root, cgroup)];
  return controllers(layout).map((controller) => path.join(layout.root, controller, cgroup));
}

/** `unified` without a v2 tree mounted is a plain folder, in which crun leaves plain files. */
function controllers(layout: CgroupLayout): string[] {
  return namesIn(layout.root).filter((name) =>
    existsSync(path.join(layout.root, name, "cgroup.procs")),
  );
}

/** Kills whatever is in the cgroup and removes it from every tree, however the runtime left it. */
export async function killAndRemoveCgroup(
  layout: CgroupLayout,
  cgroup: string,
  clock: Clock,
): Promise<void> {
  const folders = cgroupFolders(layout, cgroup);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    for (const pid of folders.flatMap(pidsIn)) kill(pid);
    if (folders.every(removeFolder)) {
      removePlainFolder(layout, cgroup);
      return;
    }
    await clock.sleep(pauseMs);
  }
  throw new Error(`Cannot remove the control group "${cgroup}": a process in it does not die`);
}

/** Names below `parent` in any tree. */
export function childCgroups(layout: CgroupLayout, parent: string): string[] {
  const names = cgroupFolders(layout, parent).flatMap((folder) => namesIn(folder));
  return [...new Set(names)];
}

export function removeEmptyCgroup(layout: CgroupLayout, cgroup: string): void {
  for (const folder of cgroupFolders(layout, cgroup)) removeFolder(folder);
}

function removePlainFolder(layout: CgroupLayout, cgroup: string): void {
  const tree = path.join(layout.root, "unified");
  if (layout.version === 2 || existsSync(path.join(tree, "cgroup.procs"))) return;
  rmSync(path.join(tree, cgroup), { recursive: true, force: true });
}

function removeFolder(folder: string): boolean {
  try {
    for (const child of namesIn(folder)) rmdirSync(path.join(folder, child));
    rmdirSync(folder);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function pidsIn(folder: string): number[] {
  try {
    return (
      readFileSync(path.join(folder, "cgroup.procs"), "utf8")
        .split("\n")
        .map(Number)
        // 0 stands for a process of a pid namespace that we do not see; to `kill` it would mean our own group.
        .filter((pid) => pid > 1)
    );
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended since.
  }
}
