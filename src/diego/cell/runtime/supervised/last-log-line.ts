import { readFileSync } from "node:fs";

/** What the runtime said last in its log, without its time stamps. */
export function lastLogLine(logFile: string): string {
  try {
    const line = readFileSync(logFile, "utf8").trim().split("\n").at(-1) ?? "";
    return line.replace(/^\S+T\S+Z?:?\s+/, "") || "it said nothing";
  } catch {
    return "it said nothing";
  }
}
