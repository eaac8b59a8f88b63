import { readIfThere } from "../host/read-if-there.ts";

/** What the runtime said last in its log, without its time stamps. */
export function lastLogLine(logFile: string): string {
  const line = (readIfThere(logFile) ?? "").trim().split("\n").at(-1) ?? "";
  return line.replace(/^\S+T\S+Z?:?\s+/, "") || "it said nothing";
}

/** Whether the runtime was refused the container's namespaces: `setns(pid=1, CLONE_*): Operation not permitted`. */
export function couldNotJoin(logFile: string): boolean {
  return /^setns\(.*Operation not permitted/m.test(readIfThere(logFile) ?? "");
}
