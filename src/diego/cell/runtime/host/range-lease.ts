import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { rangeCount } from "../network/addresses.ts";
import type { EgressException } from "../network/firewall.ts";
import { folderOf } from "./folder-names.ts";
import { hasLivingContainer } from "./living-containers.ts";
import { bootId, isAlive, type ProcessIdentity, startTimeOf } from "./process-identity.ts";

/** Where cells of one host, perhaps of several platforms, agree on who has which range. */
export const hostStateDir = "/run/rivera";

const leaseFile = z.object({
  dataDir: z.string(),
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
  /** What the cell's containers may reach although it is private. */
  egress: z
    .array(z.object({ destination: z.string(), port: z.int().exactOptional() }))
    .readonly()
    .default([]),
});

type Lease = z.infer<typeof leaseFile>;

/**
 * Takes a range of addresses and user ids for the cell with this data folder: the one it had, the one it would like, or
 * any free one. The range of a cell that has died is free unless a container of it lives. Call with the host's lock held.
 */
export function leaseRange(dataDir: string, preferred: number, stateDir = hostStateDir): number {
  const leases = readLeases(stateDir);
  const held = [...leases].find(([, lease]) => lease.dataDir === dataDir);
  if (held !== undefined && isAlive(held[1]) && held[1].pid !== process.pid) {
    throw new Error(`Cannot open "${dataDir}": process ${held[1].pid} uses it`);
  }
  const range = held?.[0] ?? freeRange(leases, preferred);
  if (range === undefined) {
    throw new Error(`Cannot start a cell: all ${rangeCount} ranges of this host are in use`);
  }
  const me: ProcessIdentity = { pid: process.pid, startTime: startTimeOf(process.pid) ?? "" };
  const lease: Lease = { dataDir, ...me, bootId: bootId(), egress: [] };
  writeFileSync(leasePath(stateDir, range), JSON.stringify(lease));
  return range;
}

/**
 * Notes what the range's containers may reach although it is private, and gives what those of all ranges in use may: the
 * host has one firewall, and a platform that starts beside another must not close the other's proxy. Call with the host's
 * lock held.
 */
export function shareEgress(
  range: number,
  egress: readonly EgressException[],
  stateDir = hostStateDir,
): readonly EgressException[] {
  const own = readLeases(stateDir).get(range);
  if (own === undefined) throw new Error(`Range ${range} is not leased`);
  writeFileSync(leasePath(stateDir, range), JSON.stringify({ ...own, egress }));
  const leases = [...readLeases(stateDir).values()].filter((lease) => !isAbandoned(lease));
  const all = leases.flatMap((lease) => lease.egress);
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}

/** Of the cells that hold ranges, as they named them. */
export function leasedFolders(stateDir = hostStateDir): ReadonlySet<string> {
  const leases = [...readLeases(stateDir).values()].filter((lease) => !isAbandoned(lease));
  return new Set(leases.map(({ dataDir }) => dataDir));
}

/** Gives a range back; true where that was the last one in use. */
export function returnRange(range: number, stateDir = hostStateDir): boolean {
  rmSync(leasePath(stateDir, range), { force: true });
  return [...readLeases(stateDir).values()].every((lease) => lease.bootId !== bootId());
}

/** Holds the host's lock, which the kernel frees when we are killed, while `work` runs. */
export async function withHostLock<T>(
  work: () => T | Promise<T>,
  stateDir = hostStateDir,
): Promise<T> {
  mkdirSync(path.join(stateDir, "ranges"), { recursive: true, mode: 0o711 });
  const lock = spawn("flock", ["-x", path.join(stateDir, "lock"), "sh", "-c", "echo; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    lock.once("error", reject);
    lock.once("exit", () => resolve());
  });
  await Promise.race([
    new Promise<void>((resolve) => lock.stdout.once("data", () => resolve())),
    ended,
  ]);
  try {
    return await work();
  } finally {
    lock.stdin.end();
    await ended;
  }
}

function freeRange(leases: ReadonlyMap<number, Lease>, preferred: number): number | undefined {
  const candidates = Array.from({ length: rangeCount }, (_, i) => (preferred + i) % rangeCount);
  return candidates.find((range) => {
    const lease = leases.get(range);
    return lease === undefined || isAbandoned(lease);
  });
}

function isAbandoned(lease: Lease): boolean {
  if (lease.bootId !== bootId()) return true;
  return !isAlive(lease) && !hasLivingContainer(path.join(folderOf(lease.dataDir), "containers"));
}

function readLeases(stateDir: string): Map<number, Lease> {
  const leases = new Map<number, Lease>();
  for (let range = 0; range < rangeCount; range += 1) {
    try {
      const lease = leaseFile.parse(JSON.parse(readFileSync(leasePath(stateDir, range), "utf8")));
      leases.set(range, lease);
    } catch {
      // No lease, or one cut short: its writer died before it made a container.
    }
  }
  return leases;
}

function leasePath(stateDir: string, range: number): string {
  return path.join(stateDir, "ranges", `${range}.json`);
}
