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

export function pinoLogger(options: {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  readonly destination: DestinationStream;
}): Logger {
  return wrap(
    pino(
      { level: options.level, redact: redacted, serializers: { error: pino.stdSerializers.err } },
      options.destination,
    ),
    [],
  );
}

function wrap(target: Pino, sessions: readonly string[]): Logger {
  const write = (level: "debug" | "info" | "warn" | "error") => (event: string, data?: LogData) =>
    target[level]({ ...currentLogData(), ...data }, event);
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
