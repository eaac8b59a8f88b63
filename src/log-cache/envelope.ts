import { z } from "zod";

/**
 * An envelope as log-cache keeps it. A log's payload stays in the base64 it came in: it is never looked into, and goes
 * out in base64 again.
 */
export type Envelope = LogLine | Gauge;

interface EnvelopeBase {
  /** Nanoseconds since the epoch; signed 64-bit. */
  readonly timestamp: bigint;
  readonly sourceId: string;
  readonly instanceId: string;
  readonly tags: Readonly<Record<string, string>>;
}

interface LogLine extends EnvelopeBase {
  readonly kind: "LOG";
  readonly type: "OUT" | "ERR";
  /** Base64. */
  readonly payload: string;
}

export interface Gauge extends EnvelopeBase {
  readonly kind: "GAUGE";
  readonly metrics: Readonly<Record<string, { readonly unit: string; readonly value: number }>>;
}

/** The names that `envelope_types` takes; we hold only the first two. */
export const envelopeTypes = ["LOG", "GAUGE", "COUNTER", "TIMER", "EVENT", "ANY"] as const;
export type EnvelopeType = (typeof envelopeTypes)[number];

/** loggregator.v2.Envelope in protobuf's JSON, the fields that we use; the form of ingest and of reads alike. */
const wireBase = {
  timestamp: z.string().regex(/^-?\d{1,19}$/),
  source_id: z.string().min(1).max(256),
  instance_id: z.string().max(256),
  tags: z.record(z.string(), z.string()),
};

export const wireEnvelope = z.union([
  z.object({
    ...wireBase,
    log: z.object({ payload: z.string().max(256 * 1024), type: z.enum(["OUT", "ERR"]) }),
  }),
  z.object({
    ...wireBase,
    gauge: z.object({
      metrics: z.record(z.string(), z.object({ unit: z.string(), value: z.number() })),
    }),
  }),
]);

export type WireEnvelope = z.infer<typeof wireEnvelope>;

export function fromWire(wire: WireEnvelope): Envelope {
  const base = {
    timestamp: BigInt(wire.timestamp),
    sourceId: wire.source_id,
    instanceId: wire.instance_id,
    tags: wire.tags,
  };
  return "log" in wire
    ? { ...base, kind: "LOG", ...wire.log }
    : { ...base, kind: "GAUGE", metrics: wire.gauge.metrics };
}

/**
 * The strict form that the official client decodes: an unknown field makes it reject the whole read, and 64-bit numbers
 * are strings.
 */
export function toWire(envelope: Envelope): WireEnvelope & { readonly deprecated_tags: object } {
  const base = {
    timestamp: envelope.timestamp.toString(),
    source_id: envelope.sourceId,
    instance_id: envelope.instanceId,
    deprecated_tags: {},
    tags: envelope.tags,
  };
  return envelope.kind === "LOG"
    ? { ...base, log: { payload: envelope.payload, type: envelope.type } }
    : { ...base, gauge: { metrics: envelope.metrics } };
}

/** What an envelope is reckoned to take of memory, in bytes: its text, and a share for the object around it. */
export function weigh(envelope: Envelope): number {
  const overhead = 160;
  if (envelope.kind === "LOG") return overhead + envelope.payload.length;
  return overhead + Object.keys(envelope.metrics).length * 96;
}
