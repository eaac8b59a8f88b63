import type { Readable } from "node:stream";
import type { LogIngest } from "#log-cache/client.ts";
import { toNanoseconds, type Clock } from "#kernel/clock/clock.ts";
import { unobserved, type Observer } from "../observation/observer.ts";
import { LineSplitter } from "./line-splitter.ts";
import { LogRateLimit } from "./log-rate-limit.ts";

/** Where the output of a container goes, by source type (`STG`, `APP/PROC/WEB`, `CELL`). */
export interface LogStreamer {
  /** An empty type stands for the container's own. */
  source(sourceType: string): SourceLog;
}

/** The log of an instance. */
export interface InstanceLog extends LogStreamer {
  /** What its processes have logged within the limit, since the streamer was made. */
  readonly bytesLogged: number;
}

export interface SourceLog {
  readonly sourceType: string;
  /** A line of the platform's own; several where it has newlines, none where it is empty. Never limited. */
  say(type: "OUT" | "ERR", text: string): void;
  /** Logs a process's output line by line, within the instance's limit; resolves at its end. Never rejects. */
  follow(type: "OUT" | "ERR", output: Readable): Promise<void>;
}

export interface LogDestination {
  readonly sourceId: string;
  readonly instanceId: string;
  /** Read anew for each line. */
  readonly tags: Readonly<Record<string, string>>;
  /** The source type of the container itself. */
  readonly sourceType: string;
  /** -1: unlimited. */
  readonly rateLimitBytesPerSecond: number;
}

export function createLogStreamer(
  destination: LogDestination,
  {
    clock,
    logs,
    observer = unobserved,
  }: {
    readonly clock: Clock;
    readonly logs: LogIngest;
    /** Hears every line, also those beyond the limit. */
    readonly observer?: Pick<Observer, "line">;
  },
): InstanceLog {
  let bytesLogged = 0;
  const limit = new LogRateLimit(destination.rateLimitBytesPerSecond, clock);
  const source = (sourceType: string): SourceLog => {
    const emit = (type: "OUT" | "ERR", payload: Buffer | string) => {
      logs.emit({
        sourceId: destination.sourceId,
        instanceId: destination.instanceId,
        sourceType,
        type,
        payload,
        timestamp: toNanoseconds(clock.now()),
        origin: "rep",
        tags: destination.tags,
      });
    };
    return {
      sourceType,
      say: (type, text) =>
        splitText(text, (line) => {
          observer.line(sourceType, type, line);
          emit(type, line);
        }),
      follow: (type, output) =>
        followLines(output, (line) => {
          observer.line(sourceType, type, line);
          const verdict = limit.admit(line.length);
          if (verdict === "pass") {
            bytesLogged += line.length;
            emit(type, line);
          } else if (verdict === "drop-with-notice") emit("OUT", limit.notice);
        }),
    };
  };
  return {
    source: (sourceType) => source(sourceType || destination.sourceType),
    get bytesLogged() {
      return bytesLogged;
    },
  };
}

export function splitText(text: string, emit: (line: Buffer) => void): void {
  const splitter = new LineSplitter(emit);
  splitter.push(Buffer.from(text));
  splitter.flush();
}

export async function followLines(output: Readable, emit: (line: Buffer) => void): Promise<void> {
  const splitter = new LineSplitter(emit);
  if (output.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  output.on("data", (chunk: Buffer) => splitter.push(chunk));
  output.on("error", () => resolve());
  output.once("close", () => resolve());
  output.once("end", () => resolve());
  await promise;
  splitter.flush();
}
