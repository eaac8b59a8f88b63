import { readFileSync, readlinkSync } from "node:fs";

/** Whether the platform has a mount namespace of its own (`scripts/enter-namespace`). */
export function hasPrivateMounts(): boolean {
  try {
    return readlinkSync("/proc/self/ns/mnt") !== readlinkSync("/proc/1/ns/mnt");
  } catch {
    // Without the right to look at process 1 we are in a namespace of an ordinary user.
    return true;
  }
}

/** Whether a v2 tree with controllers stands beside v1 trees: crun starts nothing there. */
export function hasHybridCgroups(root = "/sys/fs/cgroup"): boolean {
  try {
    return readFileSync(`${root}/unified/cgroup.controllers`, "utf8").trim() !== "";
  } catch {
    return false;
  }
}
