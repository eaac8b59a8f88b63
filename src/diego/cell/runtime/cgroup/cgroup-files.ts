import { existsSync } from "node:fs";
import path from "node:path";
import { readIfThere } from "../host/read-if-there.ts";

/**
 * How the machine's control groups are laid out: all controllers in one tree (v2), or one tree a controller (v1; also
 * "hybrid", where a v2 tree without our controllers stands beside them).
 */
export type CgroupLayout =
  | { readonly version: 2; readonly root: string }
  | { readonly version: 1; readonly root: string };

export function cgroupLayout(root = "/sys/fs/cgroup"): CgroupLayout {
  return { version: existsSync(path.join(root, "cgroup.controllers")) ? 2 : 1, root };
}

/** The one table of names: what is read -> controller (v1 only) and file. */
const fileNames = {
  memoryLimit: { v1: ["memory", "memory.limit_in_bytes"], v2: "memory.max" },
  swapLimit: { v1: ["memory", "memory.memsw.limit_in_bytes"], v2: "memory.swap.max" },
  memoryUsage: { v1: ["memory", "memory.usage_in_bytes"], v2: "memory.current" },
  memoryPeak: { v1: ["memory", "memory.max_usage_in_bytes"], v2: "memory.peak" },
  memoryStat: { v1: ["memory", "memory.stat"], v2: "memory.stat" },
  oomKills: { v1: ["memory", "memory.oom_control"], v2: "memory.events" },
  pidsLimit: { v1: ["pids", "pids.max"], v2: "pids.max" },
  pidsUsage: { v1: ["pids", "pids.current"], v2: "pids.current" },
  cpuShares: { v1: ["cpu", "cpu.shares"], v2: "cpu.weight" },
  cpuUsage: { v1: ["cpuacct", "cpuacct.usage"], v2: "cpu.stat" },
} as const satisfies Record<string, { v1: readonly [string, string]; v2: string }>;

export type CgroupFile = keyof typeof fileNames;

export function cgroupFile(layout: CgroupLayout, cgroup: string, file: CgroupFile): string {
  const names = fileNames[file];
  return layout.version === 2
    ? path.join(layout.root, cgroup, names.v2)
    : path.join(layout.root, names.v1[0], cgroup, names.v1[1]);
}

export function readCgroupFile(
  layout: CgroupLayout,
  cgroup: string,
  file: CgroupFile,
): string | undefined {
  return readIfThere(cgroupFile(layout, cgroup, file))?.trim();
}

/** The value of `key` in a file of lines `key value`. */
export function keyedValue(text: string | undefined, key: string): number | undefined {
  const line = text?.split("\n").find((candidate) => candidate.startsWith(`${key} `));
  return line === undefined ? undefined : Number(line.slice(key.length + 1));
}
