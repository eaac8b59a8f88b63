import type { LogEnvelope, LogIngest } from "#log-cache/client.ts";

export interface LogLine {
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint;
  /** `STG`, `CELL`, `APP/PROC/WEB`. */
  readonly source: string;
  readonly instance: string;
  readonly type: "OUT" | "ERR";
  readonly text: string;
}

export type OnLine = (line: LogLine) => void;

/** Stands where log-cache stands in a platform: hands a source's lines to whoever listens to it, as they come. */
export class LineSink implements LogIngest {
  readonly #listeners = new Map<string, OnLine>();

  /** Until it is disposed: what a container says while it is taken away is nobody's concern. */
  listen(sourceId: string, onLine: OnLine): Disposable {
    this.#listeners.set(sourceId, onLine);
    return { [Symbol.dispose]: () => void this.#listeners.delete(sourceId) };
  }

  emit({ sourceId, timestamp, sourceType, instanceId, type, payload }: LogEnvelope): void {
    const text = typeof payload === "string" ? payload : Buffer.from(payload).toString("utf8");
    const line = { timestamp, source: sourceType, instance: instanceId, type, text };
    this.#listeners.get(sourceId)?.(line);
  }

  emitGauge(): void {}

  async flush(): Promise<void> {}
}
