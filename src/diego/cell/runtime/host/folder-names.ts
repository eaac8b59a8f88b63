import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { runCommand } from "#kernel/process/run-command.ts";
import { hasLivingContainer } from "./living-containers.ts";
import { bootId, isAlive, startTimeOf } from "./process-identity.ts";

// A name is an empty folder `cells/KEY` that the cell's own folder is bound to, in the mount namespace of its platform: elsewhere
// it looks unused while it is not, and to remove it there would take it away from its cell. So each has a claim beside it.

const claimSchema = z.object({
  /** What it is another name of. */
  folder: z.string(),
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
});

type Claim = z.infer<typeof claimSchema>;

/**
 * Makes the name of a folder, in use from now on. Call with the host's lock held.
 *
 * @throws where another living process has claimed it
 */
export function claimName(folder: string, stateDir: string): string {
  const key = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  const name = path.join(stateDir, "cells", key);
  const held = readClaim(name);
  if (held !== undefined && held.pid !== process.pid && isAlive(held)) {
    throw new Error(`Cannot open "${folder}": process ${held.pid} uses it`);
  }
  mkdirSync(name, { recursive: true, mode: 0o711 });
  const me = { pid: process.pid, startTime: startTimeOf(process.pid) ?? "", bootId: bootId() };
  const claim: Claim = { folder, ...me };
  writeFileSync(`${name}.json`, JSON.stringify(claim));
  return name;
}

export function isName(folder: string, stateDir: string): boolean {
  return path.dirname(folder) === path.join(stateDir, "cells");
}

/** The folder that a name stands for; any other path is its own. */
export function folderOf(name: string): string {
  return readClaim(name)?.folder ?? name;
}

/**
 * Takes away what no living cell uses: names of killed platforms and tests. Call with the host's lock held.
 *
 * @param leased what other cells hold, as their leases name it
 */
export async function sweepNames(stateDir: string, leased: ReadonlySet<string>): Promise<void> {
  const folder = path.join(stateDir, "cells");
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory() && !leased.has(name) && !isUsed(readClaim(name))) {
      await removeName(name);
    }
  }
}

/** Unbinds and removes a name; what it stands for stays. Call with the host's lock held. */
export async function removeName(name: string): Promise<void> {
  if (isMounted(name)) await runCommand("umount", ["-l", name], { timeoutMs: 10_000 });
  try {
    // Never with what is inside: a name that is still bound somewhere shows a cell's containers.
    rmdirSync(name);
  } catch {
    return;
  }
  rmSync(`${name}.json`, { force: true });
}

function isUsed(claim: Claim | undefined): boolean {
  if (claim === undefined || claim.bootId !== bootId()) return false;
  return isAlive(claim) || hasLivingContainer(path.join(claim.folder, "containers"));
}

function readClaim(name: string): Claim | undefined {
  try {
    return claimSchema.parse(JSON.parse(readFileSync(`${name}.json`, "utf8")));
  } catch {
    return undefined;
  }
}

function isMounted(name: string): boolean {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[4] === name);
}
