import type { GaugeEnvelope, LogEnvelope, LogIngest } from "#log-cache/client.ts";

/** Keeps every envelope, for tests. */
export class RecordedLogs implements LogIngest {
  readonly envelopes: LogEnvelope[] = [];
  readonly gauges: GaugeEnvelope[] = [];

  emit(envelope: LogEnvelope): void {
    this.envelopes.push(envelope);
  }

  emitGauge(envelope: GaugeEnvelope): void {
    this.gauges.push(envelope);
  }

  async flush(): Promise<void> {}

  /** `STG/0 OUT text`, one a line. */
  lines(): string[] {
    return this.envelopes.map(
      ({ sourceType, instanceId, type, payload }) =>
        `${sourceType}/${instanceId} ${type} ${Buffer.from(payload).toString("utf8")}`,
    );
  }
}
