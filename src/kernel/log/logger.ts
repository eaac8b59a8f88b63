/** Structured platform log: the message is a kebab-case event, the data an object. */
export interface Logger {
  debug(event: string, data?: LogData): void;
  info(event: string, data?: LogData): void;
  warn(event: string, data?: LogData): void;
  /** Someone must look. Expected refusals are `info`. */
  error(event: string, data?: LogData): void;
  /** A logger whose every line carries `data` too. */
  child(session: string, data?: LogData): Logger;
}

export type LogData = Readonly<Record<string, unknown>>;
