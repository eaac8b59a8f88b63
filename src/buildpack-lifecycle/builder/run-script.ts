import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { formatFault, startError } from "./start-error.ts";

export type ScriptEnd =
  | { readonly kind: "ok" }
  /** `reason` in the words that Cloud Foundry's users know: `exit status 42`, `signal: killed`. */
  | { readonly kind: "failed"; readonly reason: string };

export interface CapturedEnd {
  readonly end: ScriptEnd;
  /** At most `captureLimitBytes` of what the program wrote to its standard output. */
  readonly stdout: string;
  /** False where there was more. */
  readonly isWhole: boolean;
}

const captureLimitBytes = 1024 * 1024;

export type ScriptEnvironment = Readonly<Record<string, string | undefined>>;

/** Runs a program with its output going straight to the builder's own. It ends when the program ends, even if
 * something that the program left in the background still holds its output open. */
export function runScript(
  script: string,
  args: readonly string[],
  env: ScriptEnvironment,
): ScriptEnd {
  return endOf(script, start(script, args, env, 1));
}

/** The same, but standard output is kept. It goes through a file, so that a background process cannot hold us up. */
export function captureScript(
  script: string,
  args: readonly string[],
  env: ScriptEnvironment,
): CapturedEnd {
  return capture((fd) => start(script, args, env, fd), script);
}

/** The same for tools whose complaints belong into our own message: both outputs are kept. */
export function captureTool(
  tool: string,
  args: readonly string[],
  env: ScriptEnvironment,
): CapturedEnd {
  return capture((fd) => spawnSync(tool, args, { env, stdio: ["ignore", fd, fd] }), tool);
}

// The C library hands a file that the kernel cannot execute to /bin/sh; the original does not, and reports it.
function start(
  script: string,
  args: readonly string[],
  env: ScriptEnvironment,
  stdout: number,
): SpawnResult {
  const fault = formatFault(script);
  if (fault !== undefined) return { status: null, signal: null, fault };
  return spawnSync(script, args, { env, stdio: ["ignore", stdout, 2] });
}

interface SpawnResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
  /** Why it was not even tried. */
  readonly fault?: string;
}

function capture(run: (fd: number) => SpawnResult, script: string): CapturedEnd {
  const directory = mkdtempSync(path.join(os.tmpdir(), "output"));
  const fd = openSync(path.join(directory, "stdout"), "w+");
  try {
    const end = endOf(script, run(fd));
    const buffer = Buffer.alloc(captureLimitBytes);
    const length = readSync(fd, buffer, 0, buffer.length, 0);
    const isWhole = fstatSync(fd).size <= length;
    return { end, stdout: buffer.toString("utf8", 0, length), isWhole };
  } finally {
    closeSync(fd);
    rmSync(directory, { recursive: true, force: true });
  }
}

function endOf(script: string, { status, signal, error, fault }: SpawnResult): ScriptEnd {
  const whyNot = error === undefined ? fault : startError(script, error);
  if (whyNot !== undefined) return { kind: "failed", reason: `fork/exec ${script}: ${whyNot}` };
  if (signal !== null) return { kind: "failed", reason: `signal: ${signalName(signal)}` };
  if (status === 0) return { kind: "ok" };
  return { kind: "failed", reason: `exit status ${status}` };
}

// Go's words for the signals that end a script.
const signalNames: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: "killed",
  SIGTERM: "terminated",
  SIGINT: "interrupt",
  SIGHUP: "hangup",
  SIGPIPE: "broken pipe",
  SIGABRT: "aborted",
  SIGSEGV: "segmentation fault",
  SIGBUS: "bus error",
  SIGILL: "illegal instruction",
  SIGFPE: "floating point exception",
  SIGXCPU: "CPU time limit exceeded",
  SIGXFSZ: "file size limit exceeded",
};

function signalName(signal: NodeJS.Signals): string {
  return signalNames[signal] ?? signal;
}
