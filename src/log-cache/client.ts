/** What other components may know of log-cache: how to hand it envelopes. Reading goes by its public HTTP API. */
export interface LogIngest {
  /** Queues; never throws, never blocks. Beyond the queue's bound the oldest are dropped, and a line says how many. */
  emit(envelope: LogEnvelope): void;
  /** Gauges of a container, every 15 s. */
  emitGauge(envelope: GaugeEnvelope): void;
  /** Resolves once all that was emitted before has been taken. */
  flush(): Promise<void>;
}

export interface LogEnvelope {
  /** The app's guid. */
  readonly sourceId: string;
  /** The instance's index as text. */
  readonly instanceId: string;
  /** `STG`, `APP/PROC/WEB`, `CELL`, `API`, `RTR`. */
  readonly sourceType: string;
  readonly type: "OUT" | "ERR";
  /** One line without its newline, 61,440 bytes at most. */
  readonly payload: Uint8Array | string;
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint;
  readonly tags: Readonly<Record<string, string>>;
}

export interface GaugeEnvelope {
  readonly sourceId: string;
  readonly instanceId: string;
  readonly timestamp: bigint;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, { readonly unit: string; readonly value: number }>>;
}
