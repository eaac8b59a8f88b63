import { z } from "zod";

/**
 * Asks a cell not to remove the container of a Task that has failed, so that somebody can look into it. It stands in the
 * Task's annotation, as what is told of a container does (docs/known-differences.md#a-shell-in-the-failed-staging).
 */
export interface KeepRequest {
  /** From the failure on, or from the last terminal's end. */
  readonly forMs: number;
  /** Where a terminal begins. */
  readonly directory: string;
  /** Said in the container's log once its program has failed. */
  readonly line: string;
}

/** Seconds that a container may be asked to be kept. */
const keepSecondsMax = 86_400;

const annotationSchema = z.object({
  rivera: z.object({
    keep_failed: z.object({
      for_seconds: z.number().positive().max(keepSecondsMax),
      directory: z.string().startsWith("/").max(1024),
      line: z.string().max(1024),
    }),
  }),
});

export function keepAnnotation({ forMs, directory, line }: KeepRequest) {
  return { keep_failed: { for_seconds: forMs / 1_000, directory, line } };
}

/** Undefined where the annotation asks for nothing: it may be anybody's text. */
export function keepRequestOf(annotation: string): KeepRequest | undefined {
  if (!annotation.startsWith("{")) return undefined;
  try {
    const { keep_failed: keep } = annotationSchema.parse(JSON.parse(annotation)).rivera;
    return { forMs: keep.for_seconds * 1_000, directory: keep.directory, line: keep.line };
  } catch {
    return undefined;
  }
}
