import { currentLogData } from "./log-context.ts";
import type { LogData, Logger } from "./logger.ts";

export interface RecordedLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly data: LogData;
}

/** Keeps every line, for tests. */
export class RecordingLogger implements Logger {
  readonly lines: RecordedLine[];
  readonly #data: LogData;

  constructor(lines: RecordedLine[] = [], data: LogData = {}) {
    this.lines = lines;
    this.#data = data;
  }

  debug(event: string, data?: LogData): void {
    this.#record("debug", event, data);
  }
  info(event: string, data?: LogData): void {
    this.#record("info", event, data);
  }
  warn(event: string, data?: LogData): void {
    this.#record("warn", event, data);
  }
  error(event: string, data?: LogData): void {
    this.#record("error", event, data);
  }
  child(session: string, data?: LogData): Logger {
    return new RecordingLogger(this.lines, { ...this.#data, ...data, session });
  }
  #record(level: RecordedLine["level"], event: string, data?: LogData): void {
    this.lines.push({ level, event, data: { ...this.#data, ...currentLogData(), ...data } });
  }
}
