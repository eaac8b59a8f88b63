import { constants } from "node:os";

const signalNames = new Map(
  Object.entries(constants.signals).map(([name, value]) => [value, name]),
);

/** What a few statuses mean by the shell's convention; the rest is the program's own. */
const meanings: ReadonlyMap<number, string> = new Map([
  [126, "a file could not be executed"],
  [127, "a command was not found"],
]);

/** Signals in the words of Go, which the builder tells the developer. */
const goNames: ReadonlyMap<string, string> = new Map([
  ["killed", "SIGKILL"],
  ["terminated", "SIGTERM"],
  ["interrupt", "SIGINT"],
  ["hangup", "SIGHUP"],
  ["broken pipe", "SIGPIPE"],
  ["aborted", "SIGABRT"],
  ["segmentation fault", "SIGSEGV"],
  ["bus error", "SIGBUS"],
  ["illegal instruction", "SIGILL"],
  ["CPU time limit exceeded", "SIGXCPU"],
  ["file size limit exceeded", "SIGXFSZ"],
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
  const word = /^signal: ([A-Za-z0-9 ]{1,30})$/.exec(outcome)?.[1];
  const named = word === undefined ? undefined : (goNames.get(word) ?? word);
  if (named?.startsWith("SIG") === true) return endedBy(named).replace(/^killed/, "was killed");
  return Number.isNaN(status) ? `failed: ${outcome}` : `ended with ${outcome}`;
}

function endedBy(signal: string): string {
  const crashes = ["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"];
  return `${crashes.includes(signal) ? "crashed with" : "killed by"} ${signal}`;
}
