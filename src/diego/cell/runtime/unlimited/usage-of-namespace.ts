import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { ContainerMetrics } from "../container-runtime.ts";

// The kernel's unit in /proc/PID/stat, the same on every Linux that Node runs on.
const nanosecondsPerTick = 10_000_000n;
const pageBytes = 4096;

/** What the processes of a pid namespace use, by looking at them one by one: no control group counts. */
export function usageOfNamespace(
  firstPid: number,
): Pick<ContainerMetrics, "cpuNanoseconds" | "memoryBytes" | "pids"> {
  const namespace = namespaceOf(String(firstPid));
  const pids = readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && namespace !== undefined && namespaceOf(name) === namespace,
  );
  const stats = pids.flatMap((pid) => statOf(pid));
  return {
    cpuNanoseconds: stats.reduce((total, { ticks }) => total + ticks, 0n) * nanosecondsPerTick,
    memoryBytes: stats.reduce((total, { residentPages }) => total + residentPages, 0) * pageBytes,
    pids: pids.length,
  };
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function statOf(pid: string): { ticks: bigint; residentPages: number }[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // utime, stime and those of children that have been waited for.
    const ticks = fields.slice(11, 15).reduce((total, field) => total + BigInt(field), 0n);
    return [{ ticks, residentPages: Number(fields[21] ?? 0) }];
  } catch {
    return [];
  }
}
