import { readdirSync, readlinkSync } from "node:fs";
import type { Clock } from "#kernel/clock/clock.ts";
import {
  isAlive,
  type ProcessIdentity,
  signalProcess,
  startTimeOf,
} from "../host/process-identity.ts";

/** What forks while it is being killed is met by the next round; what outlives this many is not to be had. */
const rounds = 100;
const pauseMs = 20;

/** Kills whatever lives in the pid namespace of a container's init, but not that. @throws where something is left */
export async function endAllButInit(init: ProcessIdentity, clock: Clock): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const others = othersBeside(init);
    if (others.length === 0) return;
    for (const other of others) signalProcess(other, "SIGKILL");
    await clock.sleep(pauseMs);
  }
  throw new Error("Processes of the container go on although they were killed");
}

function othersBeside(init: ProcessIdentity): ProcessIdentity[] {
  const namespace = pidNamespaceOf(init.pid);
  // Where init has gone everything of its namespace has.
  if (namespace === undefined || !isAlive(init)) return [];
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === init.pid) return [];
    const startTime = startTimeOf(pid);
    if (startTime === undefined || pidNamespaceOf(pid) !== namespace) return [];
    const other = { pid, startTime };
    return isAlive(other) ? [other] : [];
  });
}

function pidNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    // It has ended, or is nobody's that we may look at.
    return undefined;
  }
}
