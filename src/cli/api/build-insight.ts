import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";

// What only Rivera tells of a build.

const lineSchema = z.object({
  number: z.number(),
  at: z.number(),
  type: z.enum(["OUT", "ERR"]),
  source: z.string(),
  phase: z.string().optional(),
  buildpack: z.string().optional(),
  text: z.string(),
});

export type BuildLogLine = z.infer<typeof lineSchema>;

const cutSchema = z.object({ cut: z.object({ first: z.number(), last: z.number() }) });

export type BuildLogEntry = BuildLogLine | z.infer<typeof cutSchema>;

const pageSchema = z.object({
  complete: z.boolean(),
  next_after: z.number(),
  has_more: z.boolean(),
  lines: z.array(z.union([lineSchema, cutSchema])),
});

/** Lines after that number; where there are none yet, what comes within the next 20 s if `wait` is given. */
export async function getBuildLog(
  cc: CloudController,
  guid: string,
  options: { readonly after: number; readonly phase: string | undefined; readonly wait: boolean },
): Promise<z.infer<typeof pageSchema>> {
  return await cc.get(`/rivera/v1/builds/${guid}/log`, pageSchema, {
    query: { after: String(options.after), phase: options.phase },
    ...(options.wait ? { prefer: "wait=20" } : {}),
  });
}

const detectionSchema = z.object({
  buildpacks: z.array(
    z.object({
      buildpack: z.string(),
      version: z.string().nullable(),
      result: z.string(),
      outcome: z.string(),
      output: z.string(),
      errors: z.string(),
      nearest_miss: z.string().nullable(),
      duration_ms: z.number(),
    }),
  ),
});

export type Detection = z.infer<typeof detectionSchema>;

export async function getDetection(cc: CloudController, guid: string): Promise<Detection> {
  return await cc.get(`/rivera/v1/builds/${guid}/detection`, detectionSchema);
}

const attributeSchema = z.object({
  key: z.string(),
  value: z.object({
    stringValue: z.string().optional(),
    intValue: z.string().optional(),
    boolValue: z.boolean().optional(),
  }),
});

const otelSpanSchema = z.object({
  name: z.string(),
  parentSpanId: z.string().optional(),
  startTimeUnixNano: z.string().regex(/^\d+$/),
  endTimeUnixNano: z.string().regex(/^\d+$/),
  attributes: z.array(attributeSchema),
  status: z.object({ code: z.number().optional(), message: z.string().optional() }),
});

const tracesSchema = z.object({
  resourceSpans: z
    .array(
      z.object({ scopeSpans: z.array(z.object({ spans: z.array(otelSpanSchema).min(1) })).min(1) }),
    )
    .min(1),
});

/** One piece of a staging. Times are milliseconds since the beginning of the whole. */
export interface TimelinePiece {
  readonly title: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly isCritical: boolean;
  readonly isRunning: boolean;
  readonly error: string | undefined;
  readonly bytes: number | undefined;
  readonly cached: boolean;
  readonly wasMs: number | undefined;
  readonly because: string | undefined;
}

export interface BuildTimeline {
  readonly durationMs: number;
  readonly error: string | undefined;
  readonly pieces: readonly TimelinePiece[];
}

export async function getTimeline(cc: CloudController, guid: string): Promise<BuildTimeline> {
  return timelineOfTraces(await cc.get(`/rivera/v1/builds/${guid}/timeline`, tracesSchema));
}

/** From OpenTelemetry's form, the first span the whole. */
export function timelineOfTraces(traces: z.infer<typeof tracesSchema>): BuildTimeline {
  const spans = traces.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap((scope) => scope.spans),
  );
  const [root, ...pieces] = spans;
  const start = nanoseconds(root?.startTimeUnixNano);
  const ms = (text: string) => Number((nanoseconds(text) - start) / 1_000_000n);
  return {
    durationMs: ms(root?.endTimeUnixNano ?? "0"),
    error: root?.status.message,
    pieces: pieces.map((span) => {
      const value = (key: string) => span.attributes.find((each) => each.key === key)?.value;
      const number = (key: string) => {
        const text = value(key)?.intValue;
        return text === undefined ? undefined : Number(text);
      };
      return {
        title: span.name,
        name: value("rivera.name")?.stringValue ?? "",
        startMs: ms(span.startTimeUnixNano),
        endMs: ms(span.endTimeUnixNano),
        isCritical: value("rivera.critical")?.boolValue ?? false,
        isRunning: value("rivera.running")?.boolValue ?? false,
        error: span.status.message,
        bytes: number("rivera.bytes"),
        cached: value("rivera.cached")?.boolValue ?? false,
        wasMs: number("rivera.was_ms"),
        because: value("rivera.because")?.stringValue,
      };
    }),
  };
}

function nanoseconds(text: string | undefined): bigint {
  return BigInt(text ?? "0");
}
