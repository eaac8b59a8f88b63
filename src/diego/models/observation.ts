import { z } from "zod";

// What a cell tells of one container beside its log. Diego's protocol has no place for it, so whoever wants it asks in the
// Task's annotation, which Diego carries unread (docs/known-differences.md#observed-staging).

export interface ObservationRequest {
  /** Takes POSTs of `ObservationBatch`; carries its own permission. */
  readonly url: string;
  /** Said in the container's log once its program has ended; empty: nothing. */
  readonly closingLine: string;
}

const annotationSchema = z.object({
  rivera: z.object({
    observation_url: z.url({ protocol: /^https?$/ }).max(2048),
    closing_line: z.string().max(1024),
  }),
});

/** `further` is what else the cell is asked for. */
export function observationAnnotation(
  { url, closingLine }: ObservationRequest,
  further: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    rivera: { observation_url: url, closing_line: closingLine, ...further },
  });
}

/** Undefined where the annotation asks for nothing: it may be anybody's text. */
export function observationRequestOf(annotation: string): ObservationRequest | undefined {
  if (!annotation.startsWith("{")) return undefined;
  try {
    const { rivera } = annotationSchema.parse(JSON.parse(annotation));
    return { url: rivera.observation_url, closingLine: rivera.closing_line };
  } catch {
    return undefined;
  }
}

const text = z.string().max(65_536);
const name = z.string().max(512);
const bytes = z.number().int().nonnegative();

/** What is known of a piece of work when it ends; only what applies is there. */
const spanFactsSchema = z.object({
  bytes: bytes.optional(),
  /** Nothing had to be fetched. */
  cached: z.boolean().optional(),
  exitStatus: z.number().int().optional(),
  /** The kernel has killed something of the container for memory. */
  outOfMemory: z.boolean().optional(),
  memoryPeakBytes: bytes.optional(),
  /** Where a disk was full: what takes the most of it. */
  largestFolders: z
    .array(z.object({ path: name, bytes }))
    .max(10)
    .optional(),
});

export type SpanFacts = z.infer<typeof spanFactsSchema>;

const recordSchema = z.object({
  /** 1, 2, 3, ... within a run; what is missing between two was dropped by the cell. */
  number: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** Milliseconds since the epoch; of a span its end. */
  at: z.number().min(0).max(8.64e15),
  what: z.discriminatedUnion("kind", [
    /** A line of the container's log. */
    z.object({ kind: z.literal("line"), type: z.enum(["OUT", "ERR"]), source: name, text }),
    /** A line that the program wrote beside its log, as it is: whatever runs in the container may have written it. */
    z.object({ kind: z.literal("trace"), text }),
    /** A piece of the cell's own work. */
    z.object({
      kind: z.literal("span"),
      name: z.enum(["place", "container", "download", "process", "upload"]),
      subject: name,
      startedAt: z.number().min(0).max(8.64e15),
      /** "ok", or what became of it. */
      outcome: name,
      facts: spanFactsSchema,
    }),
  ]),
});

export type ObservationRecord = z.infer<typeof recordSchema>;
export type Observed = ObservationRecord["what"];

export const observationBatchSchema = z.object({
  /** Another one where the work was begun anew: numbers start at 1 again. */
  run: z.string().min(1).max(64),
  /** In order. A batch, or a part of one, may come again. */
  records: z.array(recordSchema).max(20_000),
  /** Nothing follows. */
  closed: z.boolean(),
});

export type ObservationBatch = z.infer<typeof observationBatchSchema>;

/** What whoever takes a batch may answer. */
export const observationAnswerSchema = z.object({
  /** Somebody waits for more just now: it should come soon. */
  followed: z.boolean(),
});

export type ObservationAnswer = z.infer<typeof observationAnswerSchema>;
