import * as z from "zod/mini";
import type { PlatformApi } from "./platform-api.ts";

const attributeSchema = z.object({
  key: z.string(),
  value: z.object({
    stringValue: z.optional(z.string()),
    intValue: z.optional(z.string()),
    boolValue: z.optional(z.boolean()),
  }),
});

const spanSchema = z.object({
  name: z.string(),
  spanId: z.string(),
  parentSpanId: z.optional(z.string()),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: z.array(attributeSchema),
  status: z.object({ code: z.optional(z.number()), message: z.optional(z.string()) }),
});

/** OpenTelemetry's `TracesData`, in JSON. */
const tracesSchema = z.object({
  resourceSpans: z.array(
    z.object({ scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })) }),
  ),
});

/** A piece of a staging. Times are milliseconds after its begin. */
export interface Piece {
  readonly key: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Below the builder. */
  readonly isInner: boolean;
  /** Undefined where it went well. */
  readonly failure: string | undefined;
  /** How a buildpack said no, which is no failure. */
  readonly declined: string | undefined;
  readonly isRunning: boolean;
  /** A faster one would have made the staging faster. */
  readonly isCritical: boolean;
  readonly bytes: number | undefined;
  readonly isCached: boolean;
  /** How long it took in the app's last builds. */
  readonly wasMs: number | undefined;
  readonly because: string | undefined;
}

export interface Timeline {
  readonly totalMs: number;
  readonly pieces: readonly Piece[];
}

const errorStatus = 2;

export async function loadTimeline(
  api: PlatformApi,
  guid: string,
  signal: AbortSignal,
): Promise<Timeline> {
  const traces = await api.get(`rivera/v1/builds/${guid}/timeline`, tracesSchema, { signal });
  return timelineOf(traces);
}

export function timelineOf({ resourceSpans }: z.infer<typeof tracesSchema>): Timeline {
  const spans = resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap((scope) => scope.spans),
  );
  const root = spans.find(({ parentSpanId }) => parentSpanId === undefined);
  if (root === undefined) return { totalMs: 0, pieces: [] };
  const begin = BigInt(root.startTimeUnixNano);
  const after = (nanoseconds: string) => Number((BigInt(nanoseconds) - begin) / 1_000n) / 1_000;
  const pieces = spans
    .filter((span) => span !== root)
    .map((span): Piece => {
      const fact = (key: string) => span.attributes.find((each) => each.key === key)?.value;
      const number = (key: string) => {
        const text = fact(key)?.intValue;
        return text === undefined ? undefined : Number(text);
      };
      return {
        key: span.spanId,
        name: span.name,
        startMs: after(span.startTimeUnixNano),
        endMs: after(span.endTimeUnixNano),
        isInner: span.parentSpanId !== root.spanId,
        failure: span.status.code === errorStatus ? (span.status.message ?? "failed") : undefined,
        declined: fact("rivera.declined")?.stringValue,
        isRunning: fact("rivera.running")?.boolValue === true,
        isCritical: fact("rivera.critical")?.boolValue === true,
        bytes: number("rivera.bytes"),
        isCached: fact("rivera.cached")?.boolValue === true,
        wasMs: number("rivera.was_ms"),
        because: fact("rivera.because")?.stringValue,
      };
    });
  return { totalMs: after(root.endTimeUnixNano), pieces };
}

const detectionSchema = z.object({
  buildpacks: z.array(
    z.object({
      buildpack: z.string(),
      version: z.nullable(z.string()),
      result: z.enum(["detected", "declined"]),
      outcome: z.string(),
      output: z.string(),
      errors: z.string(),
      nearest_miss: z.nullable(z.string()),
      duration_ms: z.number(),
    }),
  ),
});

export type Detection = z.infer<typeof detectionSchema>["buildpacks"][number];

export async function loadDetection(
  api: PlatformApi,
  guid: string,
  signal: AbortSignal,
): Promise<readonly Detection[]> {
  const path = `rivera/v1/builds/${guid}/detection`;
  return (await api.get(path, detectionSchema, { signal })).buildpacks;
}
