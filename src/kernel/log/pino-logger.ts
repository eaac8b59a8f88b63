import { pino, type DestinationStream, type Logger as Pino } from "pino";
import { currentLogData } from "./log-context.ts";
import type { LogData, Logger } from "./logger.ts";

/** The one list of names whose values never reach a log. */
const redacted = [
  "password",
  "secret",
  "authorization",
  "access_token",
  "refresh_token",
  "*.password",
  "*.secret",
  "*.authorization",
  "*.access_token",
  "*.refresh_token",
];

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export function pinoLogger(options: {
  readonly level: LogLevel;
  readonly destination: DestinationStream;
  /** Of an error, as the log is to have it; default as it is. */
  readonly stackOf?: (stack: string) => string;
}): Logger {
  const { level, destination, stackOf = (stack: string) => stack } = options;
  const error = (value: Error) => {
    const told = pino.stdSerializers.err(value);
    return value instanceof Error ? { ...told, stack: stackOf(told.stack) } : told;
  };
  return wrap(pino({ level, redact: redacted, serializers: { error } }, destination), []);
}

function wrap(target: Pino, sessions: readonly string[]): Logger {
  const write = (level: "debug" | "info" | "warn" | "error") => (event: string, data?: LogData) => {
    if (target.isLevelEnabled(level)) target[level]({ ...currentLogData(), ...data }, event);
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child(session, data) {
      const path = [...sessions, session];
      return wrap(target.child({ ...data, session: path.join(".") }), path);
    },
  };
}
