import { constants } from "node:os";

const signalNames = new Map(
  Object.entries(constants.signals).map(([name, value]) => [value, name]),
);

/** What a few statuses mean by the shell's convention; the rest is the program's own. */
const meanings: ReadonlyMap<number, string> = new Map([
  [126, "a file could not be executed"],
  [127, "a command was not found"],
]);

/**
 * How a script ended, in words: `exit status 137 (killed by SIGKILL)`. `outcome` is the builder's or the cell's word for it,
 * `exit status N` or `signal: NAME`.
 */
export function endInWords(outcome: string): string {
  const status = Number(/^exit status (\d{1,3})$/.exec(outcome)?.[1] ?? Number.NaN);
  const meaning = meanings.get(status);
  if (meaning !== undefined) return `ended with ${outcome} (${meaning})`;
  const signal = signalNames.get(status - 128);
  if (signal !== undefined) return `ended with ${outcome} (${endedBy(signal)})`;
  if (outcome === "interrupted") return "was interrupted";
  if (outcome === "signal: killed") return "was killed by SIGKILL";
  const named = /^signal: (SIG[A-Z0-9]{1,10})$/.exec(outcome)?.[1];
  if (named !== undefined) return `was ${endedBy(named)}`;
  return Number.isNaN(status) ? `failed: ${outcome}` : `ended with ${outcome}`;
}

function endedBy(signal: string): string {
  const crashes = ["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"];
  return `${crashes.includes(signal) ? "crashed with" : "killed by"} ${signal}`;
}
