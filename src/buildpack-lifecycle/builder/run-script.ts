import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { messageOf } from "./staging-failure.ts";

export type ScriptEnd =
  | { readonly kind: "ok" }
  /** `reason` in the words that Cloud Foundry's users know: `exit status 42`, `signal: killed`. */
  | { readonly kind: "failed"; readonly reason: string };

export interface CapturedEnd {
  readonly end: ScriptEnd;
  /** At most `captureLimitBytes` of what the program wrote to its standard output. */
  readonly stdout: string;
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
  return endOf(script, spawnSync(script, args, { env, stdio: ["ignore", 1, 2] }));
}

/** The same, but standard output is kept. It goes through a file, so that a background process cannot hold us up. */
export function captureScript(
  script: string,
  args: readonly string[],
  env: ScriptEnvironment,
): CapturedEnd {
  return capture((fd) => spawnSync(script, args, { env, stdio: ["ignore", fd, 2] }), script);
}

/** The same for tools whose complaints belong into our own message: both outputs are kept. */
export function captureTool(
  tool: string,
  args: readonly string[],
  env: ScriptEnvironment,
): CapturedEnd {
  return capture((fd) => spawnSync(tool, args, { env, stdio: ["ignore", fd, fd] }), tool);
}

interface SpawnResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

function capture(run: (fd: number) => SpawnResult, script: string): CapturedEnd {
  const directory = mkdtempSync(path.join(os.tmpdir(), "output"));
  const fd = openSync(path.join(directory, "stdout"), "w+");
  try {
    const end = endOf(script, run(fd));
    const buffer = Buffer.alloc(captureLimitBytes);
    const length = readSync(fd, buffer, 0, buffer.length, 0);
    return { end, stdout: buffer.toString("utf8", 0, length) };
  } finally {
    closeSync(fd);
    rmSync(directory, { recursive: true, force: true });
  }
}

function endOf(script: string, result: SpawnResult): ScriptEnd {
  if (result.error !== undefined) {
    return { kind: "failed", reason: `fork/exec ${script}: ${startError(script, result.error)}` };
  }
  if (result.signal !== null) {
    const name = result.signal === "SIGKILL" ? "killed" : result.signal;
    return { kind: "failed", reason: `signal: ${name}` };
  }
  if (result.status === 0) return { kind: "ok" };
  return { kind: "failed", reason: `exit status ${result.status}` };
}

function startError(script: string, error: Error): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "EACCES") return "permission denied";
  if (code === "ENOEXEC") return "exec format error";
  if (code !== "ENOENT") return messageOf(error);
  const interpreter = interpreterOf(script);
  if (interpreter === undefined) return "no such file or directory";
  if (interpreter.endsWith("\r")) {
    return "no such file or directory (its first line ends in CR LF; save the script with LF line ends)";
  }
  return `no such file or directory (its interpreter "${interpreter}" is not in this stack)`;
}

function interpreterOf(script: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(script, "r");
  } catch {
    return undefined; // The script itself is missing: there is nothing more to say.
  }
  try {
    const buffer = Buffer.alloc(256);
    const head = buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, 0));
    return /^#! *([^\n]*)/.exec(head)?.[1];
  } finally {
    closeSync(fd);
  }
}
