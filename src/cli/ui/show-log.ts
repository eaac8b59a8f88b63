import { fromNanoseconds } from "#kernel/clock/clock.ts";
import type { LogMessage } from "../api/log-cache.ts";
import { logTime } from "./time-text.ts";
import type { Ui } from "./ui.ts";

/**
 * Each line of a message behind three spaces, with its header everywhere but in staging logs; ERR in red. On a terminal it
 * keeps its colours and does nothing else.
 */
export function showLogMessage(
  ui: Ui,
  message: LogMessage,
  options: { readonly header: boolean },
): void {
  const header = options.header ? `${headerOf(message)} ` : "";
  for (const line of message.text.split("\n")) {
    const text = header + ui.foreign(line.replace(/[\r\n]+$/, ""));
    ui.text(`   ${message.type === "ERR" ? ui.style(text, "red") : text}`);
  }
}

function headerOf({ timestamp, sourceType, instance, type }: LogMessage): string {
  return `${logTime(fromNanoseconds(timestamp))} [${sourceType}/${instance}] ${type}`;
}
