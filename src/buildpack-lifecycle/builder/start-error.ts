import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { messageOf } from "./staging-failure.ts";

const elf = "\x7fELF";

/** Why the kernel will not execute the file although it may: it is neither a script with `#!` nor a program for this machine. */
export function formatFault(script: string): string | undefined {
  try {
    accessSync(script, constants.X_OK);
    if (!statSync(script).isFile()) return undefined;
  } catch {
    return undefined; // Starting it says why.
  }
  const head = headOf(script);
  if (head.startsWith("#!")) return undefined;
  if (!head.startsWith(elf))
    return 'exec format error (it begins neither with "#!" nor as a program)';
  return machineOf(head) === machineOf(headOf(process.execPath))
    ? undefined
    : "exec format error (it is a program for another kind of machine)";
}

/** Why a program could not be started, in the words of the original; what a developer can mend is said in addition. */
export function startError(script: string, error: Error): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "EACCES") return "permission denied";
  if (code === "ENOEXEC") return "exec format error";
  if (code !== "ENOENT") return messageOf(error);
  const interpreter = /^#! *([^\n]*)/.exec(headOf(script))?.[1];
  if (interpreter === undefined) return "no such file or directory";
  if (interpreter.endsWith("\r")) {
    return "no such file or directory (its first line ends in CR LF; save the script with LF line ends)";
  }
  return `no such file or directory (its interpreter "${interpreter}" is not in this stack)`;
}

// EI_CLASS to EI_DATA, and e_machine.
function machineOf(head: string): string {
  return head.slice(4, 6) + head.slice(18, 20);
}

/** The first bytes, one a character; empty where there is no such file. */
function headOf(file: string): string {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch {
    return "";
  }
  try {
    const buffer = Buffer.alloc(256);
    return buffer.toString("latin1", 0, readSync(fd, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(fd);
  }
}
