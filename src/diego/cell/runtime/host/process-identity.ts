import { readIfThere } from "./read-if-there.ts";

/** A process of the host. The pid alone names another process once the first has been reaped. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of `/proc/PID/stat`: clock ticks since boot. */
  readonly startTime: string;
}

export function startTimeOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The name in brackets may hold blanks and brackets itself.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/** PF_EXITING of `linux/sched.h`: set before a dying process closes its files, while its state still says "running". */
const exitingFlag = 0x4;

/** Whether it lives; a zombie does not, nor does one that is on its way there. */
export function isAlive(identity: ProcessIdentity): boolean {
  const fields = statFields(`/proc/${identity.pid}/stat`);
  return fields !== undefined && fields[19] === identity.startTime && !hasEnded(fields);
}

/** Of the process whose `stat` that is, in whichever /proc. */
export function lives(statFile: string): boolean {
  const fields = statFields(statFile);
  return fields !== undefined && !hasEnded(fields);
}

/** Those behind the name in brackets, which may hold anything. */
function statFields(file: string): readonly string[] | undefined {
  const stat = readIfThere(file);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function hasEnded(fields: readonly string[]): boolean {
  const isEnding = (Number(fields[6]) & exitingFlag) !== 0;
  return isEnding || fields[0] === "Z" || fields[0] === "X";
}

/** Signals that very process; false where it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

/** Changes with every boot, so that what an earlier one left can be told from what lives. */
export function bootId(): string {
  return readIfThere("/proc/sys/kernel/random/boot_id")?.trim() ?? "unknown";
}
