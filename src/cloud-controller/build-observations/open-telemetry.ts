import type { Build } from "../builds/build-table.ts";
import type { Piece, Timeline } from "./timeline.ts";

type AttributeValue =
  | { readonly stringValue: string }
  /** 64 bits, which OTLP's JSON has as text. */
  | { readonly intValue: string }
  | { readonly boolValue: boolean };

interface Attribute {
  readonly key: string;
  readonly value: AttributeValue;
}

const kindInternal = 1;
const statusOk = 1;
const statusError = 2;

/**
 * A timeline as OpenTelemetry's `TracesData` in JSON (OTLP 1.x): the trace is the build's guid, the first span the whole
 * staging, and below it each piece; the builder's phases lie below the builder.
 */
export function tracesData(
  build: Pick<Build, "guid" | "appGuid" | "state" | "errorId" | "errorDescription">,
  timeline: Timeline,
) {
  const traceId = build.guid.replaceAll("-", "");
  const rootId = spanId(0);
  const processAt = timeline.pieces.findIndex(({ name }) => name === "process");
  const isFailed = build.state === "FAILED";
  const root = {
    traceId,
    spanId: rootId,
    name: "staging",
    kind: kindInternal,
    startTimeUnixNano: nanoseconds(timeline.startedAt),
    endTimeUnixNano: nanoseconds(timeline.endedAt),
    attributes: attributes({ "rivera.build.state": build.state }),
    status: isFailed
      ? { code: statusError, message: `${build.errorId ?? ""} - ${build.errorDescription ?? ""}` }
      : {},
  };
  const spans = timeline.pieces.map((piece, at) => ({
    traceId,
    spanId: spanId(at + 1),
    parentSpanId: piece.from === "builder" && processAt >= 0 ? spanId(processAt + 1) : rootId,
    name: piece.subject === "" ? piece.name : `${piece.name} ${piece.subject}`,
    kind: kindInternal,
    startTimeUnixNano: nanoseconds(piece.startedAt),
    endTimeUnixNano: nanoseconds(piece.endedAt),
    attributes: attributesOf(piece),
    status: statusOf(piece),
  }));
  return {
    resourceSpans: [
      {
        resource: {
          attributes: attributes({
            "service.name": "rivera",
            "cloudfoundry.app.id": build.appGuid,
            "rivera.build.guid": build.guid,
          }),
        },
        scopeSpans: [{ scope: { name: "rivera.staging" }, spans: [root, ...spans] }],
      },
    ],
  };
}

/** OpenTelemetry has no span that goes on: one that does has no status yet, and says so. */
function statusOf(piece: Piece) {
  if (piece.isRunning) return {};
  return piece.outcome === "ok" || isDecline(piece)
    ? { code: statusOk }
    : { code: statusError, message: piece.outcome };
}

function attributesOf(piece: Piece): Attribute[] {
  return attributes({
    "rivera.name": piece.name,
    "rivera.subject": piece.subject,
    "rivera.from": piece.from,
    "rivera.running": piece.isRunning || undefined,
    "rivera.critical": piece.isCritical,
    "rivera.bytes": piece.bytes,
    "rivera.cached": piece.cached,
    "rivera.was_ms": piece.wasMs,
    "rivera.because": piece.because,
    "rivera.memory_peak_bytes": piece.memoryPeakBytes,
    "rivera.errors": piece.errors,
    "rivera.declined": isDecline(piece) ? piece.outcome : undefined,
  });
}

/** A buildpack that says no: most do at every staging, and nothing is wrong. */
function isDecline({ name, outcome }: Piece): boolean {
  return name === "detect" && outcome !== "ok";
}

function attributes(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): Attribute[] {
  return Object.entries(values).flatMap(([key, value]): Attribute[] => {
    if (value === undefined || value === "") return [];
    if (typeof value === "string") return [{ key, value: { stringValue: value } }];
    if (typeof value === "boolean") return [{ key, value: { boolValue: value } }];
    return [{ key, value: { intValue: String(Math.round(value)) } }];
  });
}

/** Eight bytes in hex, never all zero. */
function spanId(number: number): string {
  return (number + 1).toString(16).padStart(16, "0");
}

function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms)) * 1_000_000n);
}
